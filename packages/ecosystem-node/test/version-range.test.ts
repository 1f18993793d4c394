// semver is the reference: every range is tried with every version.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import semver from 'semver';
import { createRangeTester } from '../dist/version-range.js';

const VERSIONS = [
  ...['0.0.0', '0.0.1', '0.0.2', '0.1.0', '0.1.9', '0.2.0', '0.2.3', '0.2.4', '0.3.0', '1.0.0', '1.0.1'],
  ...['1.2.2', '1.2.3', '1.2.4', '1.3.0', '1.9.9', '2.0.0', '2.0.1', '3.0.0', '10.0.0', '99.99.99', 'v1.2.3'],
  ...['1.2.3-beta.1', '1.2.4-0', '2.0.0-rc.1', '1.2.3+build', '', 'x'],
];
const OPERATORS = ['', '=', '^', '~', '>=', '<=', '>', '<', '^ ', '>= ', '~>', '=v'];
const PARTIALS = [
  '1',
  '1.2',
  '1.2.3',
  '0',
  '0.2',
  '0.2.3',
  '0.0',
  '0.0.1',
  '1.x',
  '1.2.x',
  '1.*',
  '0.X',
  '1.x.3',
];
const OTHERS = [
  ...['*', '', 'x', '1 || 2', '^1.2.3 || ~0.2', '>=1.2.3 <2', '>=1.2.3 <2 || 3', '1.2.3 - 2', '1 - 2.0'],
  ...['>1 <1', '1.2.3-beta.1', '^1.2.3-beta', '>=1.2.3-0 <3', '||', '1.2.3 ||', 'latest', '^', '1.2.3.4'],
  ...[
    '>=0.8',
    ' ^1.0.0 ',
    '>= 1.2.3 < 2.0.0',
    '^1.2.3 ^1.3.0',
    '01.2.3',
    'v1',
    '1.2.3 , 2',
    '99999999999.0.0',
  ],
];

test('ranges are read as semver reads them', () => {
  const tester = createRangeTester();
  const ranges = [...OPERATORS.flatMap((sign) => PARTIALS.map((partial) => sign + partial)), ...OTHERS];
  for (const range of ranges) {
    assert.equal(tester.isRange(range), semver.validRange(range, true) !== null, `isRange ${range}`);
    for (const version of VERSIONS) {
      const expected = semver.satisfies(version, range, true);
      assert.equal(tester.test(version, range), expected, `${version} in ${range}`);
    }
  }
});
