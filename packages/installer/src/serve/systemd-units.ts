// systemd units for an app: a .socket that owns the address through every restart, also of the supervisor and of
// salver-host itself, and a .service that runs the supervisor.
import { realpathSync } from 'node:fs';
import { SalverError, printable } from '@salver/core';
import { hostPaths } from '../host-paths.js';
import { currentRelease } from '../release-links.js';
import { requireManifest } from '../require-release.js';
import { parseListenAddress } from './listen-address.js';

export interface UnitOptions {
  readonly root: string;
  /** Default: the name of the app that is current. */
  readonly name?: string | undefined;
  /** Who runs the app. Default: the name. */
  readonly user?: string | undefined;
  /** Default: `serve.listen` of the release, else 127.0.0.1:3000. */
  readonly listen?: string | undefined;
  /** The program that the service runs. */
  readonly program: string;
}

export interface SystemdUnit {
  /** `shop.service`. */
  readonly file: string;
  readonly text: string;
}

const LISTEN_DEFAULT = '127.0.0.1:3000';
/** More than `serve` waits for requests under way by default. */
const STOP_SECONDS = 45;
const UNIT_WORD = /^[A-Za-z0-9_][A-Za-z0-9_.@-]{0,63}$/;

/** The socket unit and the service unit. Throws E_USAGE when a word does not fit into a unit. */
export function systemdUnits(options: UnitOptions): readonly SystemdUnit[] {
  const { root } = hostPaths(options.root);
  const manifest = currentManifest(options.root);
  const name = unitWord(options.name ?? manifest?.name, 'name');
  const user = unitWord(options.user ?? name, 'user');
  const listen = options.listen ?? manifest?.host.serve?.listen ?? LISTEN_DEFAULT;
  const paths = [root, realPath(options.program)].map(unitPath);
  const [rootPath = '', program = ''] = paths;
  return [
    { file: `${name}.socket`, text: socketUnit({ name, user, listen }) },
    { file: `${name}.service`, text: serviceUnit({ name, user, root: rootPath, program }) },
  ];
}

function socketUnit({ name, user, listen }: Readonly<Record<'name' | 'user' | 'listen', string>>): string {
  return `[Unit]
Description=Socket of ${name}

[Socket]
ListenStream=${listenStream(listen)}
Backlog=2048
${listen.startsWith('unix:') ? `SocketUser=${user}\nSocketMode=0660\n` : ''}
[Install]
WantedBy=sockets.target
`;
}

function serviceUnit(words: Readonly<Record<'name' | 'user' | 'root' | 'program', string>>): string {
  const { name, user, root, program } = words;
  return `[Unit]
Description=${name}, served by Salver
Requires=${name}.socket
After=network.target ${name}.socket
# Whatever ended it, it comes back: systemd's own limit of five starts would leave the socket without an answer.
StartLimitIntervalSec=0

[Service]
Type=exec
User=${user}
ExecStartPre=+/bin/mkdir -p ${root}/shared ${root}/.salver
ExecStartPre=+/usr/bin/install -d -m 0700 -o ${user} ${root}/.salver/serve
ExecStart=${unitPath(process.execPath)} ${program} serve --root ${root}
# The release that \`current\` names, beside the one that runs; \`salver-host activate\` does this by itself.
ExecReload=/bin/kill -HUP $MAINPID
UnsetEnvironment=NODE_OPTIONS PYTHONHOME PYTHONPATH VIRTUAL_ENV
Environment=PYTHONDONTWRITEBYTECODE=1 PYTHONNOUSERSITE=1
# SIGTERM to the supervisor, which lets the app finish; SIGKILL to all that is left.
KillMode=mixed
TimeoutStopSec=${STOP_SECONDS}
Restart=always
RestartSec=1
NoNewPrivileges=yes
ProtectSystem=strict
# With "-", because the commands above make them, in the same view of the file system.
ReadWritePaths=-${root}/shared -${root}/.salver/serve
PrivateTmp=yes
PrivateDevices=yes
ProtectHome=read-only
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native
CapabilityBoundingSet=
# serve reads in /proc which process accepts connections: of its own user's processes only.
ProtectProc=invisible

[Install]
WantedBy=multi-user.target
`;
}

/** An address as ListenStream= wants it. */
function listenStream(listen: string): string {
  const address = parseListenAddress(listen);
  if (address.kind === 'unix') return unitPath(address.path);
  if (address.kind === 'tcp') return listen.replace(/^localhost:/, '127.0.0.1:');
  throw new SalverError('E_USAGE', 'a systemd socket cannot listen on a descriptor', {
    hint: 'write --listen 127.0.0.1:3000 or --listen unix:/run/shop.sock',
  });
}

function currentManifest(root: string): ReturnType<typeof requireManifest> | undefined {
  const paths = hostPaths(root);
  const release = currentRelease(paths);
  return release === undefined ? undefined : requireManifest(paths, release);
}

function unitWord(word: string | undefined, option: string): string {
  if (word !== undefined && UNIT_WORD.test(word)) return word;
  throw new SalverError(
    'E_USAGE',
    word === undefined
      ? 'no release is active that tells the name of the app'
      : `"${printable(word)}" fits no unit`,
    { hint: `write --${option} with letters, digits, "-" and "_"` },
  );
}

/** A path as it stands in a unit: `%` begins a specifier there, and words end at spaces. */
function unitPath(path: string): string {
  if (/^[!-~]+$/.test(path) && !/["'\\\\$]/.test(path)) return path.replaceAll('%', '%%');
  throw new SalverError('E_USAGE', `the path "${printable(path)}" cannot be written into a unit`, {
    hint: 'use a path without spaces and quotes',
  });
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
