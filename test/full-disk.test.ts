// The short form of full-disk.deep.test.ts, and a disk that becomes read-only.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { makeFaultReleases } from './faults/fault-releases.js';
import type { FaultReleases } from './faults/fault-releases.js';
import { prepareDisk, updateWithRoom, withoutPreflight } from './faults/full-disk-campaign.js';
import { diskSkipReason, withFullDisk } from './faults/full-disk.js';
import { HOST_BUNDLE, runHost } from './faults/host-program.js';
import { viewRoot } from './faults/root-view.js';
import { printedError } from './refusal.js';

const KIB = 1024;
/** Nothing; the first small files; half of the large one; all but its end. */
const ROOMS = { bytes: [0, 64 * KIB, 192 * KIB, 320 * KIB], inodes: [0, 7, 20] } as const;

let directory: string;
let releases: FaultReleases;

before(async () => {
  directory = mkdtempSync(join(tmpdir(), 'salver-faults-'));
  releases = await makeFaultReleases(directory, { parts: 3 });
});
after(() => rmSync(directory, { recursive: true, force: true }));

const kind = diskSkipReason('ext4') === false ? 'ext4' : 'tmpfs';
const options = { skip: diskSkipReason(kind) };

for (const resource of ['bytes', 'inodes'] as const) {
  test(
    `an update on ${kind} that runs out of ${resource} on its way changes nothing; a rollback works with none`,
    options,
    async () => {
      const bundle = withoutPreflight(directory);
      await withFullDisk(kind, async (disk) => {
        const bench = await prepareDisk(disk, releases);
        for (const room of ROOMS[resource]) {
          const { installed, findings } = await updateWithRoom(bench, { resource, room, bundle });
          assert.deepEqual(findings, [], `${room} ${resource}`);
          assert.equal(installed, false, `${room} ${resource} are not enough`);
        }
      });
    },
  );
}

test(
  `on ${kind} made read-only everything is refused by that name, and works again afterwards`,
  options,
  async () => {
    await withFullDisk(kind, async (disk) => {
      const { template } = await prepareDisk(disk, releases);
      const args = ['--root', template, '--json'];
      const before = viewRoot(template);
      disk.remount('ro');
      for (const command of [
        ['install', releases.b.artifact],
        ['rollback'],
        ['activate', releases.before.name],
      ]) {
        const result = await runHost(HOST_BUNDLE, [...command, ...args]);
        assert.match(printedError(result).message, /read-only/, command[0]);
        assert.deepEqual(viewRoot(template), before);
      }
      assert.equal((await runHost(HOST_BUNDLE, ['status', ...args])).status, 0);
      disk.remount('rw');
      assert.equal((await runHost(HOST_BUNDLE, ['rollback', ...args])).status, 0);
      assert.equal(viewRoot(template).current, `releases/${releases.before.name}`);
    });
  },
);
