// Settings outside the project that change what a manager installs: of the user, of the machine, in the environment.
// What was installed under one of them must not be taken for what another gives. Where packages are fetched from, and
// with which credentials, changes nothing about them and often from build to build.
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { loadNpmConfig } from '../npm-config.js';

type Env = Readonly<Record<string, string | undefined>>;

const NPM_SETTINGS =
  /^(?:ignore-scripts|ignore-optional|optional|omit|include|node-linker|modules-dir|virtual-store-dir.*|symlink|.*hoist.*|.*peer.*|dedupe.*|inject-workspace-packages|link-workspace-packages|prefer-workspace-packages|.*built-dependencies.*|allow-builds.*|dangerously-.*|supported-architectures.*|script-shell|extend-node-path|pnpmfile|global-pnpmfile)$/;
const VARIABLES =
  /^(?:YARN_(?:NODE_LINKER|NM_\w+|ENABLE_SCRIPTS|SUPPORTED_ARCHITECTURES\w*|IGNORE_\w+|PLUGINS)|yarn_ignore_\w+|pnpm_config_(?!registry|store|cache)\w+|BUN_CONFIG_(?:IGNORE|SKIP|YARN|NO)\w*)$/i;
const YARN_SETTINGS = /^(?:nodeLinker|nm[A-Z]\w*|enableScripts|supportedArchitectures|plugins)\s*:/;

/** By where they were found; plain JSON. */
export function machineSettings(projectDir: string, env: Env): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const [key, value] of loadNpmConfig(projectDir, env).settings) {
    if (NPM_SETTINGS.test(key)) found[`npm:${key}`] = typeof value === 'string' ? value : value.join('\n');
  }
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && VARIABLES.test(name)) found[`env:${name}`] = value;
  }
  const home = env['HOME'] ?? homedir();
  const yarnLines = read(join(home, '.yarnrc.yml'))
    .split('\n')
    .filter((line) => YARN_SETTINGS.test(line));
  if (yarnLines.length > 0) found['yarn'] = yarnLines.join('\n');
  for (const name of ['.yarnrc', '.bunfig.toml', '.config/pnpm/rc']) {
    const lines = read(join(home, name))
      .split('\n')
      .filter((line) => !/registry|token|auth|cache|store|last|^\s*(?:#|$)/i.test(line));
    if (lines.length > 0) found[name] = lines.join('\n');
  }
  return found;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // None there, or none that the manager could read either.
    return '';
  }
}
