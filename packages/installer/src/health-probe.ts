// One try of a health check: HTTP, TCP or a command.
import { SalverError, printable } from '@salver/core';
import type { CheckRule } from '@salver/core';
import { releasePath } from './host-paths.js';
import { runCommand } from './run-command.js';
import { hookEnvironment } from './run-hook.js';
import type { HookContext } from './run-hook.js';

/** What one try says; `detail` is for people, of foreign text, safe to print. */
export interface ProbeResult {
  readonly passed: boolean;
  readonly detail: string;
}

export interface ProbeOptions {
  readonly context: HookContext;
  readonly rule: CheckRule;
  readonly timeoutMs: number;
  /** Variables for a command check beside the usual ones. */
  readonly env?: Readonly<Record<string, string>>;
}

const BODY_BYTES_MAX = 1024 * 1024;

/** Tries once. Never throws but E_INTERRUPTED and E_CONFIG_INVALID (config/env cannot be read). */
export async function probe(options: ProbeOptions): Promise<ProbeResult> {
  const { rule } = options;
  if (rule.http !== undefined) return probeHttp(rule.http, options);
  if (rule.tcp !== undefined) return probeTcp(rule.tcp, options.timeoutMs);
  if (rule.run !== undefined) return probeCommand(rule.run, options);
  return { passed: false, detail: 'the check has neither http, tcp nor run' };
}

interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: string;
}

async function probeHttp(url: string, { rule, timeoutMs }: ProbeOptions): Promise<ProbeResult> {
  try {
    const problem = answerProblem(await get(url, timeoutMs), rule);
    return { passed: problem === undefined, detail: problem ?? 'answers' };
  } catch (error) {
    return { passed: false, detail: failureText(error) };
  }
}

function answerProblem(answer: HttpAnswer, rule: CheckRule): string | undefined {
  const { status, headers, body } = answer;
  const isFine = rule.status === undefined ? status >= 200 && status < 400 : status === rule.status;
  if (!isFine) return `answers with status ${status}`;
  if (rule.body !== undefined && !body.includes(rule.body)) return 'the body is not as expected';
  if (rule.header === undefined) return undefined;
  const [name = '', expected = ''] = splitHeader(rule.header);
  const value = [headers[name.toLowerCase()] ?? []].flat().join(', ');
  return value === expected ? undefined : `the header ${printable(name)} is not as expected`;
}

function splitHeader(header: string): readonly string[] {
  const colon = header.indexOf(':');
  return [header.slice(0, colon).trim(), header.slice(colon + 1).trim()];
}

async function get(url: string, timeoutMs: number): Promise<HttpAnswer> {
  const { request } = await (url.startsWith('https:') ? import('node:https') : import('node:http'));
  return new Promise((resolve, reject) => {
    // No agent: a connection kept open would go on to talk to the old process.
    const asking = request(url, {
      agent: false,
      headers: { 'user-agent': 'salver-host', connection: 'close' },
    });
    const timer = setTimeout(() => asking.destroy(new Error('no answer in time')), timeoutMs);
    asking.on('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    asking.on('response', (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        if (bytes < BODY_BYTES_MAX) chunks.push(chunk);
        bytes += chunk.length;
      });
      response.on('error', reject);
      response.on('end', () => {
        clearTimeout(timer);
        const body = Buffer.concat(chunks).toString('utf8');
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body });
      });
    });
    asking.end();
  });
}

async function probeTcp(address: string, timeoutMs: number): Promise<ProbeResult> {
  const { connect } = await import('node:net');
  const colon = address.lastIndexOf(':');
  const host = address.slice(0, colon).replace(/^\[(.*)\]$/, '$1');
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(address.slice(colon + 1)) });
    const settle = (passed: boolean, detail: string): void => {
      socket.destroy();
      resolve({ passed, detail });
    };
    socket.setTimeout(timeoutMs, () => settle(false, 'no connection in time'));
    socket.once('connect', () => settle(true, 'accepts connections'));
    socket.once('error', (error) => settle(false, failureText(error)));
  });
}

async function probeCommand(command: string, options: ProbeOptions): Promise<ProbeResult> {
  const { context, timeoutMs, env } = options;
  const { end, tail } = await runCommand({
    paths: context.paths,
    command,
    directory: releasePath(context.paths, context.release),
    env: hookEnvironment(context, 'check', env),
    timeoutMs,
    signal: context.signal,
  });
  if (end.kind === 'interrupted') throw new SalverError('E_INTERRUPTED', 'interrupted during the check');
  if (end.kind === 'exited' && end.code === 0) return { passed: true, detail: 'the command succeeds' };
  const how =
    end.kind === 'exited'
      ? `ends with status ${end.code}`
      : end.kind === 'timed-out'
        ? 'does not end in time'
        : 'cannot run';
  const last = tail.at(-1);
  return { passed: false, detail: `the command ${how}${last === undefined ? '' : `: ${last}`}` };
}

function failureText(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return printable(text === '' ? code : text);
}
