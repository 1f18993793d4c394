// The demo's app: a copy of fixtures/apps/notes that goes from version to version.
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from './demo-processes.mjs';

const appsDirectory = fileURLToPath(new URL('../fixtures/apps', import.meta.url));
const changesDirectory = join(appsDirectory, 'notes-changes');

/** Copies version 1 of the app to a directory and makes it a git repository where git is there. */
export async function copyApp(directory) {
  cpSync(join(appsDirectory, 'notes'), directory, { recursive: true });
  const { status } = await run('git', ['init', '--quiet'], { cwd: directory }).catch(() => ({ status: 1 }));
  return { directory, hasGit: status === 0, withoutCompiler: false };
}

/** Copies the files of a change (a folder of fixtures/apps/notes-changes) over the app. */
export function applyChange(app, name) {
  cpSync(join(changesDirectory, name), app.directory, { recursive: true });
  if (app.withoutCompiler) removeCompiled(app);
}

/** Replaces the compiled dependency, for machines that cannot compile. */
export function useVariantWithoutCompiler(app) {
  app.withoutCompiler = true;
  applyChange(app, 'without-compiler');
}

function removeCompiled({ directory }) {
  editJson(join(directory, 'package.json'), (project) => {
    delete project.dependencies.xxhash;
    delete project.allowScripts.xxhash;
  });
  editJson(join(directory, 'package-lock.json'), ({ packages }) => {
    delete packages[''].dependencies.xxhash;
    delete packages['node_modules/xxhash'];
    delete packages['node_modules/nan'];
  });
}

/** Writes a new version into package.json and the lock, as `npm version` does. */
export function setVersion({ directory }, version) {
  editJson(join(directory, 'package.json'), (project) => (project.version = version));
  editJson(join(directory, 'package-lock.json'), (lock) => {
    lock.version = version;
    lock.packages[''].version = version;
  });
}

function editJson(path, edit) {
  const document = JSON.parse(readFileSync(path, 'utf8'));
  edit(document);
  writeFileSync(path, `${JSON.stringify(document, null, 2)}\n`);
}

/** Commits all changes, so that the artifact can name its commit. Does nothing without git. */
export async function commit({ directory, hasGit }, message) {
  if (!hasGit) return;
  const author = ['-c', 'user.name=demo', '-c', 'user.email=demo@localhost'];
  await run('git', ['add', '--all'], { cwd: directory });
  await run('git', [...author, 'commit', '--quiet', '--message', message], { cwd: directory });
}
