import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { machineSettings } from '../../dist/managers/machine-settings.js';
import { plainEnvironment } from '../context-double.js';

const top = mkdtempSync(join(tmpdir(), 'salver-machine-'));
after(() => rmSync(top, { recursive: true, force: true }));
const project = join(top, 'project');
mkdirSync(project);

function settingsWith(files: Readonly<Record<string, string>>, env: Readonly<Record<string, string>> = {}) {
  const home = mkdtempSync(join(top, 'home-'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(home, name), text);
  return machineSettings(project, { ...plainEnvironment(home), ...env });
}

test('finds nothing where nothing is set', () => assert.deepEqual(settingsWith({}), {}));

test('finds what changes the result', () => {
  const files = {
    '.npmrc': 'ignore-scripts=true\npublic-hoist-pattern[]=*types*\n',
    '.yarnrc.yml': 'nmHoistingLimits: workspaces\nenableScripts: false\n',
    '.bunfig.toml': '[install]\noptional = false\n',
  };
  const env = { YARN_NODE_LINKER: 'node-modules', npm_config_node_linker: 'hoisted' };
  assert.deepEqual(settingsWith(files, env), {
    'npm:ignore-scripts': 'true',
    'npm:public-hoist-pattern': '*types*',
    'npm:node-linker': 'hoisted',
    'env:YARN_NODE_LINKER': 'node-modules',
    yarn: 'nmHoistingLimits: workspaces\nenableScripts: false',
    '.bunfig.toml': '[install]\noptional = false',
  });
});

test('registries, credentials and caches are not among it', () => {
  const files = {
    '.npmrc':
      '//registry.example.org/:_authToken=x\nregistry=https://registry.example.org/\n@s:registry=https://r/\n',
    '.yarnrc.yml': 'npmAuthToken: x\nnpmRegistryServer: "https://registry.example.org"\n',
    '.yarnrc': 'lastUpdateCheck 1700000000000\nregistry "https://registry.example.org"\n',
  };
  const env = { npm_config_registry: 'https://r/', YARN_CACHE_FOLDER: '/x', npm_config_store_dir: '/y' };
  assert.deepEqual(settingsWith(files, env), {});
});
