// Starts the demo app from a directory, as a service would, and asks whether it is well.
import assert from 'node:assert/strict';
import { describeEnd, startCommand, withTempDir } from './product-harness.js';
import type { RunningProgram } from './product-harness.js';

/** What `/healthz` of the demo app answers. */
export interface Health {
  readonly ok: boolean;
  readonly version: string;
}

const START_TIMEOUT_MS = 30_000;
const LISTENING = /"port":(\d+)[^\n]*notes is listening/;

/** Starts the demo app on a free port, asks `/healthz` once, stops it with SIGTERM and waits for its end. */
export async function askHealth(directory: string): Promise<Health> {
  return withTempDir(async (notesDir) => {
    const env = { PORT: '0', HOST: '127.0.0.1', LOG_LEVEL: 'info', NOTES_DIR: notesDir };
    const app = startCommand('node', ['server.js'], { cwd: directory, env, timeoutMs: START_TIMEOUT_MS });
    try {
      const response = await fetch(`http://127.0.0.1:${await listeningPort(app)}/healthz`);
      assert.equal(response.status, 200);
      return (await response.json()) as Health;
    } finally {
      app.child.kill('SIGTERM');
      const end = await app.ended;
      assert.equal(end.status, 0, `the app did not stop well: ${describeEnd(end)}`);
    }
  });
}

/** The port the app says it listens on. Rejects when it ends before. */
async function listeningPort({ child, ended }: RunningProgram): Promise<number> {
  return new Promise((resolve, reject) => {
    let log = '';
    child.stdout?.on('data', (piece: Buffer) => {
      log += piece.toString('utf8');
      const port = LISTENING.exec(log)?.[1];
      if (port !== undefined) resolve(Number(port));
    });
    void ended.then((end) => reject(new Error(`the app did not start: ${describeEnd(end)}`)), reject);
  });
}
