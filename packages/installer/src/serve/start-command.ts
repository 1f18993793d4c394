// The command line by which a release is started, with the listening socket as descriptor 3.
//
// The convention is that of systemd (sd_listen_fds): LISTEN_FDS=1 and LISTEN_PID, the id of the process that may
// use it. The id is known only in the child: a shell sets it and then has to *become* the server, so that both the id
// and the signals reach the right process. Shells do that of their own accord only in the simplest case.

/** What stands for itself in a command line, whatever is inside. */
const OPAQUE = /\\[^]|'[^']*'|"(?:\\[^]|[^"\\])*"|\$\{[^}]*\}|\$\([^()]*\)/g;
const SEPARATOR = /&&|\|\||[;\n]/g;
/** A last command to which `exec` does not apply: pipelines, groups, what runs in the background, keywords. */
const NO_SIMPLE_COMMAND =
  /[|&(){}!`]|^\s*(?:[A-Za-z_][A-Za-z0-9_]*=\S*\s+)*(?:exec|if|then|else|fi|while|until|for|do|done|case|esac|cd|\.|eval|set|export|wait)(?:\s|$)/;
const ASSIGNMENT = /^\s*[A-Za-z_][A-Za-z0-9_]*=\S*\s+\S/;

/** The script for `sh -c`. */
export function startScript(start: string): string {
  return `LISTEN_PID=$$; export LISTEN_PID; ${replaceShell(start.trim())}`;
}

/** Writes `exec` before the last command where that is possible; the rest is left to who wrote it. */
function replaceShell(start: string): string {
  const masked = start.replace(OPAQUE, (text) => 'x'.repeat(text.length));
  const [lastSeparator] = [...masked.matchAll(SEPARATOR)].slice(-1);
  const split = lastSeparator === undefined ? 0 : lastSeparator.index + lastSeparator[0].length;
  const last = masked.slice(split);
  if (last.trim() === '' || NO_SIMPLE_COMMAND.test(last)) return start;
  return `${start.slice(0, split)} exec ${ASSIGNMENT.test(last) ? 'env ' : ''}${start.slice(split).trimStart()}`;
}

/** Variables by which systemd speaks to the supervisor, not to the app. */
const OWN_VARIABLES = ['LISTEN_PID', 'LISTEN_FDNAMES', 'NOTIFY_SOCKET', 'WATCHDOG_PID', 'WATCHDOG_USEC'];

/** The environment of a worker: that of the release, the socket, and the worker's number from 0. */
export function startEnvironment(
  releaseEnv: Readonly<Record<string, string | undefined>>,
  worker: number,
): Record<string, string | undefined> {
  const kept = Object.entries(releaseEnv).filter(([name]) => !OWN_VARIABLES.includes(name));
  return { ...Object.fromEntries(kept), LISTEN_FDS: '1', SALVER_WORKER: String(worker) };
}
