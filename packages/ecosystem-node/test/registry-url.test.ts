import assert from 'node:assert/strict';
import { test } from 'node:test';
import { conventionalUrl, packumentUrl, replaceHost } from '../dist/registry-url.js';
import { npmOptionsDouble } from './context-double.js';

const PUBLIC = 'https://registry.npmjs.org/a/-/a-1.0.0.tgz';

const CASES: readonly {
  readonly name: string;
  readonly registry: string;
  readonly rule?: string;
  readonly resolved?: string;
  readonly url: string;
}[] = [
  { name: 'keeps the public host', registry: 'https://registry.npmjs.org/', url: PUBLIC },
  {
    name: 'moves the public host',
    registry: 'http://npm.example:8080/',
    url: 'http://npm.example:8080/a/-/a-1.0.0.tgz',
  },
  {
    name: 'adds the path of a registry',
    registry: 'https://npm.example/repo/npm/',
    url: 'https://npm.example/repo/npm/a/-/a-1.0.0.tgz',
  },
  {
    name: 'does not add a path that is there',
    registry: 'https://npm.example/npm/',
    rule: 'always',
    resolved: 'https://old.example/npm/a.tgz',
    url: 'https://npm.example/npm/a.tgz',
  },
  {
    name: 'leaves other hosts alone',
    registry: 'https://npm.example/',
    resolved: 'https://other.example/a.tgz',
    url: 'https://other.example/a.tgz',
  },
  {
    name: 'moves every host when told to',
    registry: 'https://npm.example/',
    rule: 'always',
    resolved: 'https://other.example/a.tgz',
    url: 'https://npm.example/a.tgz',
  },
  { name: 'moves no host when told to', registry: 'https://npm.example/', rule: 'never', url: PUBLIC },
  {
    name: 'moves a named host',
    registry: 'https://npm.example/',
    rule: 'old.example',
    resolved: 'https://old.example/a.tgz',
    url: 'https://npm.example/a.tgz',
  },
  {
    name: 'swaps the path of a URL rule',
    registry: 'https://npm.example/new/',
    rule: 'https://old.example/old/',
    resolved: 'https://old.example/old/a.tgz',
    url: 'https://npm.example/new/a.tgz',
  },
  {
    name: 'leaves paths outside a URL rule alone',
    registry: 'https://npm.example/new/',
    rule: 'https://old.example/old/',
    resolved: 'https://old.example/older/a.tgz',
    url: 'https://old.example/older/a.tgz',
  },
];

for (const { name, registry, rule = 'registry.npmjs.org', resolved = PUBLIC, url } of CASES) {
  test(name, () => {
    assert.equal(replaceHost(resolved, { ...npmOptionsDouble(registry), replaceRegistryHost: rule }), url);
  });
}

test('knows where registries keep a tarball and a description', () => {
  const options = npmOptionsDouble('https://npm.example/r', { '@s:registry': 'https://scope.example' });
  assert.equal(conventionalUrl('a', '1.0.0-rc.1', options), 'https://npm.example/r/a/-/a-1.0.0-rc.1.tgz');
  assert.equal(conventionalUrl('@s/b', '2.0.0', options), 'https://scope.example/@s/b/-/b-2.0.0.tgz');
  assert.equal(packumentUrl('@s/b', options), 'https://scope.example/@s%2fb');
});
