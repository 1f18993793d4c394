// A Django app from lock to host: static files, migrations and what going back over them means, hosts without tools.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Manifest } from '@salver/core';
import { DjangoShop, missingDjango } from './django-shop.js';
import { describeEnd, runJson, runProgram, workspaceDirectory } from './product-harness.js';
import type { ErrorReport } from './python-builds.js';
import { refusal } from './python-builds.js';

const skip = missingDjango() ?? false;
const shop = new DjangoShop();
after(() => shop.remove());

function migration(name: string, before: string, operation: string): Readonly<Record<string, string>> {
  const code = `from django.db import migrations, models\n\n\nclass Migration(migrations.Migration):\n    dependencies = [("shop", "${before}")]\n    operations = [migrations.${operation}]\n`;
  return { [`shop/migrations/${name}.py`]: code };
}

const MODELS = (...fields: string[]): Readonly<Record<string, string>> => ({
  'shop/models.py': `from django.db import models\n\n\nclass Order(models.Model):\n${fields.map((field) => `    ${field}\n`).join('')}`,
});
const TITLE = 'title = models.CharField(max_length=100)';
const DROP_NOTE = {
  ...migration('0003_drop_note', '0002_order_note', 'RemoveField(model_name="order", name="note")'),
  ...MODELS(TITLE),
};
const LONGER_TITLE = {
  ...migration(
    '0003_longer',
    '0002_order_note',
    'AlterField("order", "title", models.CharField(max_length=200))',
  ),
  ...MODELS(TITLE.replace('100', '200'), 'note = models.TextField(null=True)'),
};

test('static files and their manifest ship, and migrations are classified', { skip }, async () => {
  const { artifact } = await shop.build(shop.write('1.0.0', DROP_NOTE));
  const manifest = await runJson<Manifest>('salver', ['inspect', artifact]);
  const effects = Object.fromEntries(
    (manifest.migrations ?? []).map(({ id, effect, why = '' }) => [id, `${effect} ${why}`.trim()]),
  );
  assert.deepEqual(
    Object.entries(effects).filter(([id]) => id.startsWith('shop.')),
    [
      ['shop.0001_initial', 'expand'],
      ['shop.0002_order_note', 'expand'],
      ['shop.0003_drop_note', 'contract RemoveField order.note'],
    ],
  );
  assert.deepEqual(manifest.host.hooks?.migrate, { run: 'python manage.py migrate --noinput' });
  const root = shop.place('static root');
  await shop.install(artifact, root);
  const files = readdirSync(join(root, 'current/static/shop'));
  assert.equal(files.filter((name) => /^shop\.[0-9a-f]{12}\.css$/.test(name)).length, 1);
  assert.ok(existsSync(join(root, 'current/static/staticfiles.json')));
  assert.ok(existsSync(join(root, 'shared/static/static/shop/shop.css')));
});

test(
  'going back over a contract migration is refused, over one to be looked at it warns',
  { skip },
  async () => {
    const first = await shop.build(shop.write('1.0.0'));
    const longer = await shop.build(shop.write('2.0.0', LONGER_TITLE));
    const root = shop.place('migrated');
    const { release } = await shop.install(first.artifact, root, '--migrate');
    await shop.install(longer.artifact, root, '--migrate');
    const back = await runProgram('salver-host', ['rollback', '--root', root]);
    assert.equal(back.status, 0, describeEnd(back));
    assert.match(back.stderr, /may not bear: shop\.0003_longer \(AlterField order\)/);

    const other = shop.place('contracted');
    await shop.install(first.artifact, other, '--migrate');
    await shop.install((await shop.build(shop.write('3.0.0', DROP_NOTE))).artifact, other, '--migrate');
    const refused = await runProgram('salver-host', ['rollback', '--root', other, '--json']);
    const { code, message } = JSON.parse(refused.stderr.trim().split('\n').at(-1) ?? '') as ErrorReport;
    assert.equal(code, 'E_ROLLBACK_UNSAFE');
    assert.match(
      message,
      new RegExp(`${release} is from before .*shop\\.0003_drop_note \\(RemoveField order\\.note\\)`),
    );
  },
);

test('settings that ask for a secret are told where a build gets it from', { skip }, async () => {
  const app = shop.write('1.0.0', {}, { django: {} });
  const error = await refusal(
    ['build', app, '--output', shop.place('out')],
    shop.options({ SECRET_KEY: 'of the builder' }),
  );
  assert.equal(error.code, 'E_BUILD_COMMAND_FAILED');
  assert.equal(
    error.facts['variable'],
    'SECRET_KEY',
    'the environment of the builder is not given to the settings',
  );
});

test('STATIC_ROOT outside the project is refused', { skip }, async () => {
  const settings = readFileSync(
    join(workspaceDirectory, 'fixtures/apps/django-shop/project/settings.py'),
    'utf8',
  );
  const app = shop.write('1.0.0', {
    'project/settings.py': settings.replace('BASE_DIR / "static"', '"/var/www/static"'),
  });
  const error = await refusal(['build', app, '--output', shop.place('out')], shop.options());
  assert.equal(error.code, 'E_CONFIG_INVALID');
  assert.match(error.message, /STATIC_ROOT lies outside/);
});

test('one artifact has both halves: a front end built with npm, Python to run', { skip }, async () => {
  const app = shop.write('1.0.0', {
    'package.json': JSON.stringify({
      name: 'front',
      version: '1.0.0',
      private: true,
      scripts: { build: 'node build.cjs' },
    }),
    'package-lock.json': JSON.stringify({
      name: 'front',
      version: '1.0.0',
      lockfileVersion: 3,
      packages: { '': { name: 'front', version: '1.0.0' } },
    }),
    'build.cjs':
      'const fs = require("fs"); fs.mkdirSync("dist", { recursive: true }); fs.writeFileSync("dist/bundle.js", "made by npm");',
  });
  const root = shop.place('both');
  const { release } = await shop.install((await shop.build(app)).artifact, root);
  const manifest = JSON.parse(readFileSync(join(root, 'current/static/staticfiles.json'), 'utf8')) as {
    paths: Record<string, string>;
  };
  const bundle = manifest.paths['bundle.js'] ?? '';
  assert.match(bundle, /^bundle\.[0-9a-f]{12}\.js$/);
  assert.equal(readFileSync(join(root, 'releases', release, 'static', bundle), 'utf8'), 'made by npm');
  assert.equal(existsSync(join(root, 'current/node_modules')), false);
});
