// Ways in which an activation fails, from the first hook to the last check.
import type { ErrorCode, HostSettings } from '@salver/core';

export interface FailureCase {
  readonly what: string;
  readonly code: ErrorCode;
  /** `facts.phase`, or the hook. */
  readonly at: string;
  /** The switch had been made and was taken back. */
  readonly reverted?: true;
  readonly status?: string;
  readonly server?: string;
  readonly host: (url: string) => HostSettings;
  readonly says?: RegExp;
}

export const QUICK = { deadline: '800ms', interval: '20ms', timeout: '600ms' };
/** Leaves a grandchild that holds the output open; its number is in `pid` below the root. */
const FORK = `sh -c 'echo $$ > "$SALVER_ROOT/pid"; exec sleep 600' & `;

export const FAILURE_CASES: readonly FailureCase[] = [
  {
    what: 'the hook prepare fails',
    code: 'E_HOOK_FAILED',
    at: 'prepare',
    host: () => ({ hooks: { prepare: { run: 'echo no such table; exit 3' } } }),
    says: /status 3/,
  },
  {
    what: 'the hook prepare hangs',
    code: 'E_HOOK_FAILED',
    at: 'prepare',
    host: () => ({ hooks: { prepare: { run: 'exec sleep 600', timeout: '150ms' } } }),
    says: /within 150ms/,
  },
  {
    what: 'the hook prepare forks and hangs',
    code: 'E_HOOK_FAILED',
    at: 'prepare',
    host: () => ({ hooks: { prepare: { run: `${FORK} wait`, timeout: '300ms' } } }),
  },
  {
    what: 'the hook prepare forks, and fails while its child goes on',
    code: 'E_HOOK_FAILED',
    at: 'prepare',
    host: () => ({ hooks: { prepare: { run: `${FORK} sleep 0.1; exit 1` } } }),
  },
  {
    what: 'the hook prepare is killed',
    code: 'E_HOOK_FAILED',
    at: 'prepare',
    host: () => ({ hooks: { prepare: { run: 'kill -9 $$' } } }),
    says: /killed by SIGKILL/,
  },
  {
    what: 'the hook migrate fails',
    code: 'E_HOOK_FAILED',
    at: 'migrate',
    host: () => ({ hooks: { migrate: { run: 'exit 1', phase: 'expand' } } }),
  },
  {
    what: 'the hook reload fails',
    code: 'E_ACTIVATION_FAILED',
    at: 'reload',
    reverted: true,
    host: () => ({ hooks: { reload: { run: 'exit 1' } } }),
  },
  {
    what: 'the hook reload hangs',
    code: 'E_ACTIVATION_FAILED',
    at: 'reload',
    reverted: true,
    host: () => ({ hooks: { reload: { run: 'exec sleep 600', timeout: '150ms' } } }),
  },
  {
    what: 'the candidate does not start',
    code: 'E_ACTIVATION_FAILED',
    at: 'candidate',
    host: (url) => ({ start: 'exit 4', hooks: { check: { http: url, ...QUICK }, candidate: {} } }),
    says: /ended/,
  },
  {
    what: 'the candidate starts and dies',
    code: 'E_ACTIVATION_FAILED',
    at: 'candidate',
    host: () => ({ start: 'sleep 0.1', hooks: { candidate: { tcp: '127.0.0.1:1', deadline: '20s' } } }),
    says: /ended/,
  },
  {
    what: 'the candidate answers 500',
    code: 'E_ACTIVATION_FAILED',
    at: 'candidate',
    server: 'response.writeHead(500).end()',
    host: (url) => ({
      start: 'exec node server.js',
      hooks: { check: { http: url, ...QUICK }, candidate: { deadline: '5s', passes: 2 } },
    }),
    says: /status 500/,
  },
  {
    what: 'the candidate never answers',
    code: 'E_ACTIVATION_FAILED',
    at: 'candidate',
    server: '',
    host: (url) => ({
      start: 'exec node server.js',
      hooks: { check: { http: url }, candidate: { deadline: '1s', timeout: '200ms' } },
    }),
    says: /in time/,
  },
  {
    what: 'the service answers 500 after the switch',
    code: 'E_ACTIVATION_FAILED',
    at: 'check',
    reverted: true,
    status: '500',
    host: (url) => ({ hooks: { check: { http: url, ...QUICK } } }),
    says: /status 500/,
  },
  {
    what: 'the service answers with another body',
    code: 'E_ACTIVATION_FAILED',
    at: 'check',
    reverted: true,
    host: (url) => ({ hooks: { check: { http: url, body: 'version 7', ...QUICK } } }),
  },
  {
    what: 'the service answers with another header',
    code: 'E_ACTIVATION_FAILED',
    at: 'check',
    reverted: true,
    host: (url) => ({ hooks: { check: { http: url, header: 'x-app: other', ...QUICK } } }),
  },
  {
    what: 'nothing listens after the switch',
    code: 'E_ACTIVATION_FAILED',
    at: 'check',
    reverted: true,
    host: () => ({ hooks: { check: { tcp: '127.0.0.1:1', ...QUICK } } }),
  },
  {
    what: 'the check command fails',
    code: 'E_ACTIVATION_FAILED',
    at: 'check',
    reverted: true,
    host: () => ({ hooks: { check: { run: 'echo too few workers; exit 1', ...QUICK } } }),
    says: /too few workers/,
  },
  {
    what: 'the check command hangs',
    code: 'E_ACTIVATION_FAILED',
    at: 'check',
    reverted: true,
    host: () => ({ hooks: { check: { run: `${FORK} wait`, ...QUICK } } }),
  },
];
