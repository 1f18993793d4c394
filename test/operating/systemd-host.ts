// A host of its own with real systemd: systemd-nspawn boots the machine's own file system under an overlay, so that
// nothing is downloaded and nothing on the machine changes. /srv is a small disk of its own, to be filled.
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { workspaceDirectory } from '../product-harness.js';

const OVERLAY_SIZE = '512m';
const DISK_SIZE = '48m';
const BOOT_MS = 60_000;
const POLL_MS = 100;
/** `degraded`: a unit of the machine's own that does not work in a container. None of ours. */
const BOOTED = /^(running|degraded)$/;
const COMMAND_MS = 120_000;
/**
 * The container has a copy of all mounts of this machine. Loop disks of others must be able to go away meanwhile: first
 * they are let go, all but those below the first argument.
 */
const LET_GO = `own=$1; shift
while read -r device place rest; do
  case $place in "$own"/*) continue;; esac
  case $device in /dev/loop*|*.img) umount -l "$place";; esac
done < /proc/mounts
exec "$@"`;
/** What a login shell of root has. */
const ENVIRONMENT = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root' };

/** How a command on the host ended. */
export interface HostResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Why no such host can be booted here, or false: as node:test's `skip` wants it. */
export function systemdSkipReason(): string | false {
  if (process.platform !== 'linux') return 'systemd is a Linux thing';
  if (process.getuid?.() !== 0) return 'booting a container needs root';
  if (!readFileSync('/proc/filesystems', 'utf8').includes('overlay'))
    return 'there is no overlay file system';
  for (const [program, from] of PROGRAMS) {
    if (spawnSync('which', [program]).status !== 0) return `${program} is missing (package ${from})`;
  }
  return false;
}

const PROGRAMS = [
  ['systemd-nspawn', 'systemd-container'],
  ['nsenter', 'util-linux'],
  ['dbus-daemon', 'dbus'],
] as const;

export class SystemdHost {
  readonly #directory: string;
  #container: ChildProcess | undefined;
  #leader = 0;

  private constructor(directory: string) {
    this.#directory = directory;
  }

  /** A booted host with `salver-host` in /usr/bin. */
  static async boot(): Promise<SystemdHost> {
    const host = new SystemdHost(mkdtempSync(join(tmpdir(), 'salver-systemd-')));
    try {
      host.#mount();
      copyFileSync(
        join(workspaceDirectory, 'packages/cli/bundle/salver-host.mjs'),
        host.path('/usr/lib/salver-host.mjs'),
      );
      host.write('/usr/bin/salver-host', '#!/bin/sh\nexec node /usr/lib/salver-host.mjs "$@"\n', 0o755);
      await host.#start();
    } catch (error) {
      await host.remove();
      throw error;
    }
    return host;
  }

  /** Where a file of the host lies, seen from the test. */
  path(inHost: string): string {
    return join(this.#directory, 'root', inHost);
  }

  write(inHost: string, text: string | Buffer, mode = 0o644): void {
    const path = this.path(inHost);
    execFileSync('tee', [path], { input: text, stdio: ['pipe', 'ignore', 'inherit'] });
    chmodSync(path, mode);
  }

  /** Words before a command of this machine that is to run in the network of the host. It stays the same process. */
  get enterNetwork(): readonly string[] {
    return ['nsenter', '--target', String(this.#leader), '--net'];
  }

  /** Runs a script as root's shell would; fails the test unless it ends with `status`. */
  run(script: string, { status = 0 }: { readonly status?: number } = {}): HostResult {
    const result = this.tryTo(script);
    assert.equal(result.status, status, `${script}\n${result.stdout}${result.stderr}`);
    return result;
  }

  tryTo(script: string): HostResult {
    const words = ['--target', String(this.#leader), '--mount', '--uts', '--ipc', '--pid', '--net'];
    const result = spawnSync('nsenter', [...words, '--', 'bash', '-c', `cd /root\n${script}`], {
      env: ENVIRONMENT,
      encoding: 'utf8',
      timeout: COMMAND_MS,
    });
    return { status: result.status, stdout: result.stdout, stderr: result.stderr };
  }

  /** Takes the host down without a goodbye and boots it again from what is on its disks. */
  async reboot(): Promise<void> {
    await this.#stop('SIGKILL');
    await this.#start();
  }

  async remove(): Promise<void> {
    await this.#stop('SIGTERM');
    for (const mount of ['root/srv', 'root', 'over']) spawnSync('umount', [join(this.#directory, mount)]);
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #mount(): void {
    const at = (name: string): string => join(this.#directory, name);
    for (const name of ['over', 'root']) mkdirSync(at(name));
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${OVERLAY_SIZE}`, 'tmpfs', at('over')]);
    for (const name of ['upper', 'work']) mkdirSync(join(at('over'), name));
    const layers = `lowerdir=/,upperdir=${at('over/upper')},workdir=${at('over/work')}`;
    execFileSync('mount', ['-t', 'overlay', 'overlay', '-o', layers, at('root')]);
    execFileSync('truncate', ['-s', DISK_SIZE, at('srv.img')]);
    execFileSync('mkfs.ext4', ['-q', '-m', '0', at('srv.img')]);
    execFileSync('mount', ['-o', 'loop', at('srv.img'), at('root/srv')]);
  }

  async #start(): Promise<void> {
    const options = ['--register=no', '--keep-unit', '--private-network', '--console=pipe'];
    const nspawn = ['systemd-nspawn', '-q', '-D', this.path('/'), ...options, '-b'];
    this.#container = spawn('unshare', ['--mount', 'sh', '-c', LET_GO, 'sh', this.#directory, ...nspawn], {
      stdio: 'ignore',
    });
    const deadline = performance.now() + BOOT_MS;
    while (!this.#isBooted()) {
      assert.ok(performance.now() < deadline, `the host has not booted: ${JSON.stringify(this.#state())}`);
      assert.equal(this.#container.exitCode, null, 'systemd-nspawn ended');
      await delay(POLL_MS);
    }
    this.run('ip link set lo up');
  }

  #isBooted(): boolean {
    const children = spawnSync('pgrep', ['-P', String(this.#container?.pid)], { encoding: 'utf8' });
    this.#leader = Number(children.stdout.trim().split('\n')[0]);
    return this.#leader > 0 && BOOTED.test(this.#state().stdout.trim());
  }

  #state(): HostResult {
    return this.tryTo('systemctl is-system-running');
  }

  async #stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const container = this.#container;
    this.#container = undefined;
    if (container?.pid === undefined || container.exitCode !== null) return;
    const ended = new Promise((resolve) => container.once('exit', resolve));
    // systemd-nspawn takes the host down on SIGTERM; its first process takes everything with it when it is killed.
    if (signal === 'SIGKILL' && this.#leader > 0) process.kill(this.#leader, 'SIGKILL');
    else container.kill('SIGTERM');
    await ended;
  }
}
