// A directory of this machine, mounted over ssh: a network file system without a kernel module.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { missingProgram } from '../missing-program.js';
import { freePort, startProcess, waitForPort } from './server-process.js';

export interface Mount {
  readonly directory: string;
  stop(): Promise<void>;
}

export function sshfsMissing(): string | undefined {
  if (missingProgram('sshfs') !== undefined || missingProgram('/usr/sbin/sshd') !== undefined) {
    return 'sshfs or sshd is not installed (Debian: sshfs openssh-server)';
  }
  if (!existsSync('/dev/fuse')) return 'this machine has no /dev/fuse';
  return process.getuid?.() === 0 ? undefined : 'needs root, to start an sshd of its own';
}

/** Mounts a fresh directory below `scratch`. */
export async function mountSshfs(scratch: string): Promise<Mount> {
  const [remote, directory] = [join(scratch, 'remote'), join(scratch, 'mount')];
  for (const path of [scratch, remote, directory, '/run/sshd']) mkdirSync(path, { recursive: true });
  for (const name of ['host_key', 'user_key']) {
    run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(scratch, name)]);
  }
  writeFileSync(join(scratch, 'authorized_keys'), readFileSync(join(scratch, 'user_key.pub')), {
    mode: 0o600,
  });
  const port = await freePort();
  const config = join(scratch, 'sshd_config');
  writeFileSync(
    config,
    `Port ${port}\nListenAddress 127.0.0.1\nHostKey ${scratch}/host_key\nAuthorizedKeysFile ${scratch}/authorized_keys
StrictModes no\nUsePAM no\nPidFile ${scratch}/sshd.pid\nPermitRootLogin yes\nSubsystem sftp internal-sftp\n`,
  );
  const sshd = startProcess('/usr/sbin/sshd', ['-D', '-e', '-f', config]);
  await waitForPort(port, sshd.ended);
  const options = `port=${port},IdentityFile=${scratch}/user_key,StrictHostKeyChecking=no,UserKnownHostsFile=/dev/null`;
  run('sshfs', ['-o', options, `${userInfo().username}@127.0.0.1:${remote}`, directory]);
  return {
    directory,
    stop: async () => {
      run('fusermount3', ['-u', directory]);
      await sshd.stop();
    },
  };
}

function run(program: string, args: readonly string[]): void {
  const { status, stderr, error } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} failed: ${error?.message ?? stderr}`);
}
