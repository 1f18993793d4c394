// How others ship a Python app: each builds one file from the same project and lock, and unpacks it on a target.
// All are made to do what the first of them does by default: hashes are checked, and bytecode is there after installing.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { run, shell } from './measure.mjs';

/**
 * By name: shell lines with PROJECT (a fresh copy of the app, to be changed at will), CACHE, ARTIFACT (to be written,
 * or to be installed), TARGET (fresh), HOME_OF_TARGET (outlives an update), TOOLS (programs) and PY (the interpreter).
 */
export const PEERS = {
  'pip + tar': {
    build: `cd "$PROJECT" && "$PY" -m venv .venv
      PIP_CACHE_DIR="$CACHE" .venv/bin/pip install --quiet --require-hashes -r requirements.txt
      tar czf "$ARTIFACT" .`,
    install: 'tar xzf "$ARTIFACT" -C "$TARGET"',
  },
  'uv + tar': {
    program: 'uv',
    build: `cd "$PROJECT" && export UV_CACHE_DIR="$CACHE" && "$TOOLS/uv" venv --quiet --python "$PY" .venv
      "$TOOLS/uv" pip sync --quiet --python .venv --require-hashes --compile-bytecode requirements.txt
      tar czf "$ARTIFACT" .`,
    install: 'tar xzf "$ARTIFACT" -C "$TARGET"',
  },
  pex: {
    program: 'pex',
    build: `cd "$PROJECT" && PEX_ROOT="$CACHE" "$TOOLS/pex" --python "$PY" --index-url "$PIP_INDEX_URL" --include-tools --script gunicorn \\
      --sources-directory . -r requirements.txt --output-file "$ARTIFACT"`,
    install: 'PEX_TOOLS=1 PEX_ROOT="$HOME_OF_TARGET" "$PY" "$ARTIFACT" venv --compile "$TARGET/venv"',
  },
  shiv: {
    program: 'shiv',
    build: `cd "$PROJECT" && PIP_CACHE_DIR="$CACHE" "$TOOLS/shiv" --quiet --python "/usr/bin/env python3" \\
      --compile-pyc --console-script gunicorn --site-packages . --output-file "$ARTIFACT" \\
      --require-hashes -r requirements.txt`,
    // The first start unpacks.
    install: 'SHIV_ROOT="$TARGET" SHIV_INTERPRETER=1 "$PY" "$ARTIFACT" -c pass',
  },
  'wheels + pip on the target': {
    build: `cd "$PROJECT" && PIP_CACHE_DIR="$CACHE" "$TOOLS/pip" wheel --quiet --require-hashes \\
      -r requirements.txt --wheel-dir wheels
      tar czf "$ARTIFACT" .`,
    // Built wheels have other hashes than the lock's source distributions, so none are checked here.
    install: `tar xzf "$ARTIFACT" -C "$TARGET" && cd "$TARGET" && "$PY" -m venv .venv
      .venv/bin/pip install --quiet --no-index --find-links wheels --no-deps wheels/*.whl`,
  },
};

/**
 * Puts the peers' own programs into a directory, over the network.
 * Resolves to {bin, python, reasons}: `reasons` says by program why it is missing.
 */
export async function prepareTools(directory) {
  const { stdout } = await run('python3', ['-c', 'import sys; print(sys.executable)']);
  const python = stdout.trim();
  // For every tool the program itself: where python3 is a script that chooses one (pyenv), that takes a tenth of a second.
  process.env.PATH = `${dirname(python)}:${process.env.PATH}`;
  const bin = join(directory, 'bin');
  const reasons = {};
  await run(python, ['-m', 'venv', directory]);
  for (const program of ['uv', 'pex', 'shiv']) {
    try {
      await run(join(bin, 'pip'), ['install', '--quiet', program]);
      const { stdout: version } = await run(join(bin, 'pip'), ['show', program]);
      console.error(`  ${program} ${/^Version: (.*)$/m.exec(version)?.[1] ?? '?'}`);
    } catch (error) {
      reasons[program] = `${program} cannot be installed: ${lastLine(error)}`;
    }
  }
  return { bin, python, reasons };
}

/** Why what is locked for compiling cannot be compiled here; undefined when it can. */
export async function missingForCompiling() {
  const probe =
    'test -e "$(python3 -c \'import sysconfig; print(sysconfig.get_path("include"))\')/Python.h" || exit 3';
  for (const [line, reason] of [
    ['command -v gcc', 'gcc is not installed'],
    [probe, 'the headers of Python are not installed'],
    ['test -e "$(pg_config --includedir)/libpq-fe.h"', 'libpq-dev is not installed'],
  ]) {
    try {
      await shell(line);
    } catch {
      return reason;
    }
  }
  return undefined;
}

/** A directory for PATH with compilers that fail once the file `broken` is there, and are the real ones before. */
export async function fragileCompilers(directory) {
  const broken = join(directory, 'broken');
  for (const name of ['cc', 'gcc', 'c++', 'g++']) {
    await shell(
      `real=$(command -v "$NAME") || exit 0
       printf '#!/bin/sh\\n[ ! -e "%s" ] || exit 1\\nexec "%s" "$@"\\n' "$BROKEN" "$real" > "$DIR/$NAME"
       chmod +x "$DIR/$NAME"`,
      { env: { NAME: name, DIR: directory, BROKEN: broken } },
    );
  }
  if (!existsSync(join(directory, 'gcc'))) return { path: process.env.PATH, broken: undefined };
  return { path: `${directory}:${process.env.PATH}`, broken };
}

export function lastLine(error) {
  return String(error.message).trim().split('\n').at(-1).slice(0, 200);
}
