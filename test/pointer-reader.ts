// Reads a channel as fast as it can, more often than once in a millisecond, and says how often it did and whether it was
// ever not whole. Started by store-races.test.ts with the path of the file; see watching-process.ts.
import { readFileSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { parseChannel } from '@salver/core';

const [path = ''] = process.argv.slice(2);
const faults: string[] = [];
let looks = 0;
let seq = 0;
let isOver = false;
process.on('SIGTERM', () => (isOver = true));
console.log('watching');
const began = performance.now();
while (!isOver) {
  try {
    const { payload } = parseChannel(readFileSync(path));
    if (payload.seq < seq) faults.push(`number ${payload.seq} after ${seq}`);
    seq = payload.seq;
  } catch (error) {
    faults.push(String(error));
  }
  looks += 1;
  await nextTurn();
}
const perSecond = Math.round((looks * 1000) / (performance.now() - began));
console.log(JSON.stringify({ looks, perSecond, seq, faults: faults.slice(0, 5) }));
