// The command line by which a release is started, with the listening socket as descriptor 3.
//
// The convention is that of systemd (sd_listen_fds): LISTEN_FDS=1 and LISTEN_PID, the id of the process that may
// use it. The id is known only in the child: a shell sets it and then becomes the server, so that both the id and
// the signals reach the right process.

/** A command after which something follows, or that begins with an assignment or keyword: `exec` does not fit it. */
const NOT_ONE_COMMAND =
  /[;&|\n(){}!]|^\s*(?:[A-Za-z_][A-Za-z0-9_]*=|(?:exec|if|while|until|for|case|cd|\.|eval|set|export)\s)/;

/** The script for `sh -c`. */
export function startScript(start: string): string {
  // Of several commands the last one takes the shell's place in dash, bash and busybox, when it ends the script.
  const command = NOT_ONE_COMMAND.test(start) ? start : `exec ${start}`;
  return `LISTEN_PID=$$; export LISTEN_PID; ${command}`;
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
