// nginx for a directory, as a team would set it up: nothing but `root`.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { missingProgram } from '../missing-program.js';
import { freePort, startProcess, waitForPort } from './server-process.js';

export interface RunningServer {
  readonly url: string;
  stop(): Promise<void>;
}

export function nginxMissing(): string | undefined {
  return missingProgram('nginx') === undefined ? undefined : 'nginx is not installed (Debian: nginx-light)';
}

/** Serves `directory`; its own files lie in `scratch`. */
export async function startNginx(directory: string, scratch: string): Promise<RunningServer> {
  const port = await freePort();
  mkdirSync(scratch, { recursive: true });
  const config = join(scratch, 'nginx.conf');
  writeFileSync(
    config,
    `${process.getuid?.() === 0 ? 'user root;' : ''}
daemon off; pid ${scratch}/pid; error_log ${scratch}/error.log;
events { worker_connections 256; }
http {
  access_log ${scratch}/access.log;
  client_body_temp_path ${scratch}/body; proxy_temp_path ${scratch}/proxy; fastcgi_temp_path ${scratch}/fastcgi;
  uwsgi_temp_path ${scratch}/uwsgi; scgi_temp_path ${scratch}/scgi;
  server { listen 127.0.0.1:${port}; location / { root ${directory}; } }
}
`,
  );
  const started = startProcess('nginx', ['-c', config, '-p', scratch, '-e', `${scratch}/error.log`]);
  await waitForPort(port, started.ended);
  return { url: `http://127.0.0.1:${port}`, stop: () => started.stop() };
}
