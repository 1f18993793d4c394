// An update with every room from none to enough, in bytes and in inodes: see docs/reliability.md.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { makeFaultReleases } from './faults/fault-releases.js';
import type { FaultReleases } from './faults/fault-releases.js';
import { prepareDisk, updateWithRoom, withoutPreflight } from './faults/full-disk-campaign.js';
import { diskSkipReason, withFullDisk } from './faults/full-disk.js';
import { HOST_BUNDLE } from './faults/host-program.js';

const KIB = 1024;
const STEPS = { bytes: 64 * KIB, inodes: 3 } as const;
const SIZE = { parts: 3, largeBytes: 1_200 * KIB };

let directory: string;
let releases: FaultReleases;

before(async () => {
  directory = mkdtempSync(join(tmpdir(), 'salver-faults-'));
  releases = await makeFaultReleases(directory, SIZE);
});
after(() => rmSync(directory, { recursive: true, force: true }));

for (const kind of ['ext4', 'tmpfs'] as const) {
  for (const resource of ['bytes', 'inodes'] as const) {
    const name = `an update on ${kind} with every room in ${resource} from none to enough`;
    test(name, { skip: diskSkipReason(kind) }, async (t) => {
      const unwary = withoutPreflight(directory);
      await withFullDisk(kind, async (disk) => {
        const bench = await prepareDisk(disk, releases);
        const counts = { rooms: 0, installed: 0 };
        const findings: string[] = [];
        const step = STEPS[resource];
        for (let room = 0; room <= bench.needed[resource] + step; room += step) {
          for (const bundle of [unwary, HOST_BUNDLE]) {
            const outcome = await updateWithRoom(bench, { resource, room, bundle });
            counts.rooms += 1;
            counts.installed += outcome.installed ? 1 : 0;
            findings.push(...outcome.findings.map((finding) => `${finding} [${room} ${resource}]`));
          }
        }
        t.diagnostic(
          `${counts.rooms} updates, ${counts.installed} installed; ${bench.needed[resource]} needed`,
        );
        assert.deepEqual(findings, []);
        assert.ok(counts.installed > 0, 'the last rooms are enough');
        assert.ok(counts.installed < counts.rooms, 'the first are not');
      });
    });
  }
}
