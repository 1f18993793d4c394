// What the `packaging` library answers (fixtures/python/make-oracle.py wrote it down).
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const FIXTURES = join(import.meta.dirname, '..', '..', '..', 'fixtures', 'python');

export function readOracle<T>(name: string): T {
  return JSON.parse(readFileSync(join(FIXTURES, name), 'utf8')) as T;
}
