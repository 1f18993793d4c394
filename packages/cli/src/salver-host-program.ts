// The commands of `salver-host`, as data.
import type { Command, OptionSpec, Program } from './command.js';
import { completionCommand } from './completion/completion-command.js';
import { JSON_OPTION, QUIET_OPTION } from './shared-options.js';

const ROOT: OptionSpec = {
  name: 'root',
  value: 'DIR',
  completes: 'directory',
  summary: 'root of the app on this host (default: SALVER_ROOT)',
};
const DRY_RUN: OptionSpec = { name: 'dry-run', summary: 'check everything, change nothing' };
const WAIT: OptionSpec = { name: 'wait', value: 'TIME', summary: 'wait this long for the lock, e.g. 30s' };

const MIGRATE: OptionSpec = { name: 'migrate', summary: "run the release's migrate hook (once per fleet)" };
const WATCH: OptionSpec = {
  name: 'watch',
  value: 'TIME',
  summary: 'go on checking this long, and go back if the checks begin to fail, e.g. 60s',
};
const FORCE: OptionSpec = { name: 'force', summary: 'go back even over a contract migration that ran here' };

const INSTALL: Command = {
  name: 'install',
  summary: 'install a release and make it current',
  arguments: [
    {
      name: 'RELEASE',
      required: true,
      completes: 'file',
      summary: 'path or address of the .tar.gz file, or NAME@CHANNEL, NAME@VERSION, NAME@ID in a store',
    },
  ],
  options: [
    ROOT,
    {
      name: 'store',
      value: 'STORE',
      completes: 'directory',
      repeats: true,
      summary: 'a directory, https://… or s3://…; several are mirrors (default: SALVER_STORE)',
    },
    { name: 'jitter', value: 'TIME', summary: 'wait a random time up to this first, for fleets, e.g. 5m' },
    { name: 'retry', summary: 'install what a channel names although it failed or was left here before' },
    { name: 'no-activate', summary: 'install only; `salver-host activate` makes it current' },
    { name: 'rehash', summary: 'compare every reused byte instead of trusting size and time' },
    {
      name: 'durability',
      value: 'HOW',
      choices: ['syncfs', 'files', 'none'],
      summary: 'how files reach the disk before the switch',
    },
    {
      name: 'link-mode',
      value: 'HOW',
      choices: ['link', 'copy', 'none'],
      summary: 'how installed files are reused',
    },
    MIGRATE,
    WATCH,
    FORCE,
    WAIT,
    DRY_RUN,
  ],
  examples: [
    'salver-host install shop-1.4.2-linux-x64-glibc-4f2a91c07b3e.tar.gz --root /srv/shop',
    'salver-host install shop@production --store s3://artifacts/prod --root /srv/shop',
  ],
  load: () => import('./commands/install.js'),
};

const ACTIVATE: Command = {
  name: 'activate',
  summary: 'make an installed release the current one',
  arguments: [{ name: 'RELEASE', required: true, summary: 'name, version or beginning of the id' }],
  options: [ROOT, MIGRATE, WATCH, FORCE, WAIT, DRY_RUN],
  examples: ['salver-host activate 1.4.2 --root /srv/shop'],
  load: () => import('./commands/activate.js'),
};

const ROLLBACK: Command = {
  name: 'rollback',
  summary: 'go back to the release that ran before',
  arguments: [],
  options: [ROOT, FORCE, WAIT, DRY_RUN],
  examples: ['salver-host rollback --root /srv/shop'],
  load: () => import('./commands/rollback.js'),
};

const STATUS: Command = {
  name: 'status',
  summary: 'show which release is current and where a rollback would go',
  arguments: [],
  options: [ROOT, { name: 'check', summary: 'ask the app now, once, as its check says' }],
  examples: ['salver-host status --root /srv/shop'],
  load: () => import('./commands/status.js'),
};

const RELEASES: Command = {
  name: 'releases',
  summary: 'list the installed releases, newest first',
  arguments: [],
  options: [ROOT],
  examples: ['salver-host releases --root /srv/shop'],
  load: () => import('./commands/releases.js'),
};

const VERIFY: Command = {
  name: 'verify',
  summary: 'compare every byte of an installed release with its manifest',
  arguments: [
    { name: 'RELEASE', required: false, summary: 'name, version or beginning of the id (default: current)' },
  ],
  options: [ROOT],
  examples: ['salver-host verify --root /srv/shop', 'salver-host verify 1.4.2 --root /srv/shop'],
  load: () => import('./commands/verify-installed.js'),
};

const RUN: Command = {
  name: 'run',
  summary: 'run a command in a release, with its environment',
  arguments: [],
  options: [ROOT, { name: 'release', value: 'RELEASE', summary: 'instead of the current one' }],
  commandLine: 'COMMAND...',
  examples: ['salver-host run --root /srv/shop -- node scripts/report.js'],
  load: () => import('./commands/run.js'),
};

const EVENTS: Command = {
  name: 'events',
  summary: 'show what waits to be told to webhooks, and send it',
  arguments: [],
  options: [
    ROOT,
    { name: 'flush', summary: 'send what is due' },
    { name: 'retry', summary: 'with --flush: all of it now, also what was refused' },
    { name: 'test', value: 'NAME', summary: 'send a test event to one webhook and show the answer' },
    DRY_RUN,
  ],
  examples: ['salver-host events --root /srv/shop', 'salver-host events --test team --root /srv/shop'],
  load: () => import('./commands/events.js'),
};

const SERVE: Command = {
  name: 'serve',
  summary: 'run the current release on a socket that is kept from release to release',
  arguments: [],
  options: [
    ROOT,
    {
      name: 'listen',
      value: 'ADDRESS',
      summary: 'HOST:PORT, unix:PATH or fd:N (default: the socket from systemd)',
    },
    {
      name: 'workers',
      value: 'N',
      summary: 'processes side by side (default: as the release says, or 1)',
    },
    { name: 'ready', value: 'PATH', summary: 'path that must answer before a release takes over' },
    {
      name: 'ready-within',
      value: 'TIME',
      summary: 'how long a release may take to get ready (default 60s)',
    },
    {
      name: 'settle',
      value: 'TIME',
      summary: 'how long both serve before the old one goes (default 1s)',
    },
    { name: 'drain', value: 'TIME', summary: 'how long the old one may take to finish (default 30s)' },
    { name: 'prefix', summary: 'write the release before every line that the app prints' },
  ],
  endsItself: true,
  examples: ['salver-host serve --root /srv/shop --listen 127.0.0.1:3000'],
  load: () => import('./commands/serve.js'),
};

const UNITS: Command = {
  name: 'units',
  summary: 'print systemd units that serve the app',
  arguments: [],
  options: [
    ROOT,
    { name: 'name', value: 'NAME', summary: 'name of the units (default: name of the app)' },
    { name: 'user', value: 'USER', summary: 'who runs the app (default: the name of the units)' },
    { name: 'listen', value: 'ADDRESS', summary: 'HOST:PORT or unix:PATH (default 127.0.0.1:3000)' },
    { name: 'write', value: 'DIR', completes: 'directory', summary: 'write the files there instead' },
  ],
  examples: ['salver-host units --root /srv/shop --user shop --write /etc/systemd/system'],
  load: () => import('./commands/units.js'),
};

const PRUNE: Command = {
  name: 'prune',
  summary: 'remove old releases that nothing needs',
  arguments: [],
  options: [
    ROOT,
    {
      name: 'keep',
      value: 'N',
      summary: 'how many healthy releases stay (default: as the release says, else 5)',
    },
    WAIT,
    DRY_RUN,
  ],
  examples: ['salver-host prune --root /srv/shop --keep 3 --dry-run'],
  load: () => import('./commands/prune.js'),
};

const PIN: Command = {
  name: 'pin',
  summary: 'keep a release whatever retention says',
  arguments: [{ name: 'RELEASE', required: true, summary: 'name, version or beginning of the id' }],
  options: [ROOT, { name: 'remove', summary: 'take the pin away' }, WAIT, DRY_RUN],
  examples: ['salver-host pin 1.4.2 --root /srv/shop', 'salver-host pin 1.4.2 --remove --root /srv/shop'],
  load: () => import('./commands/pin.js'),
};

const HISTORY: Command = {
  name: 'history',
  summary: 'show what was done here, when and by whom',
  arguments: [],
  options: [
    ROOT,
    { name: 'show', value: 'TXID', summary: 'one act, with the output of its hooks' },
    { name: 'verify', summary: 'fail unless every line fits the one before it' },
    { name: 'last', value: 'N', summary: 'how many acts (default 20)' },
  ],
  examples: ['salver-host history --root /srv/shop', 'salver-host history --verify --root /srv/shop'],
  load: () => import('./commands/history.js'),
};

const DOCTOR: Command = {
  name: 'doctor',
  summary: 'look for everything that may be wrong with a root; changes nothing',
  arguments: [],
  options: [ROOT],
  examples: ['salver-host doctor --root /srv/shop'],
  load: () => import('./commands/doctor.js'),
};

const RECOVER: Command = {
  name: 'recover',
  summary: 'finish or undo what a crash has cut off',
  arguments: [],
  options: [
    ROOT,
    {
      name: 'on-crash',
      value: 'HOW',
      choices: ['verify', 'rollback', 'keep'],
      summary: 'what to do about a release whose check was cut off',
    },
    WAIT,
    DRY_RUN,
  ],
  examples: ['salver-host recover --root /srv/shop'],
  load: () => import('./commands/recover.js'),
};

const FACTS: Command = {
  name: 'facts',
  summary: 'print what this host offers, for `salver check --host`',
  arguments: [],
  options: [],
  examples: ['salver-host facts > web-1.json'],
  load: () => import('./commands/facts.js'),
};

/** The program for hosts. */
export const SALVER_HOST: Program = {
  name: 'salver-host',
  summary: 'install, activate and roll back releases on a host',
  options: [JSON_OPTION, QUIET_OPTION],
  commands: [
    INSTALL,
    ACTIVATE,
    ROLLBACK,
    STATUS,
    RELEASES,
    VERIFY,
    RUN,
    SERVE,
    UNITS,
    HISTORY,
    PIN,
    PRUNE,
    DOCTOR,
    RECOVER,
    EVENTS,
    FACTS,
    completionCommand('salver-host', () => SALVER_HOST),
  ],
};
