// uv.lock through uv itself, installed here by pip: the release is the one that the committed export gives.
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { DjangoShop, missingDjango } from './django-shop.js';
import { runJson, startCommand } from './product-harness.js';

const shop = new DjangoShop();
after(() => shop.remove());

interface UnitList {
  readonly units: readonly {
    readonly kind: string;
    readonly name: string;
    readonly version?: string;
    readonly sizeBytes: number;
  }[];
}

test(
  'uv.lock gives the packages that its export gives, and is read once',
  { skip: missingDjango() ?? false },
  async (t) => {
    const tools = shop.place('uv');
    const pip = ['-m', 'pip', 'install', '--quiet', '--target', tools, 'uv'];
    if ((await startCommand('python3', pip).ended).status !== 0) {
      t.skip('uv cannot be installed');
      return;
    }
    const withUv = shop.write('1.0.0');
    rmSync(join(withUv, 'pylock.toml'));
    const withExport = shop.write('1.0.0');
    rmSync(join(withExport, 'uv.lock'));
    const PATH = `${join(tools, 'bin')}:${process.env['PATH'] ?? ''}`;
    const packagesOf = async (artifact: string): Promise<unknown> => {
      const { units } = await runJson<UnitList>('salver', ['inspect', artifact, '--units']);
      return units.filter(({ kind }) => kind === 'wheel' || kind === 'python-env');
    };
    const first = await shop.build(withUv, { PATH });
    assert.deepEqual(
      await packagesOf(first.artifact),
      await packagesOf((await shop.build(withExport)).artifact),
    );
    assert.equal((await shop.build(withUv)).id, first.id, 'without uv');
  },
);
