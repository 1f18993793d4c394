import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseFile, rankTags } from '../dist/choose-file.js';
import { supportedTags } from '../dist/wheel-tags.js';

const LIBC = { family: 'glibc', major: 2, minor: 36 } as const;
const TAGS = rankTags(supportedTags({ minor: 11, freeThreaded: false, machine: 'x86_64', libc: LIBC }));

function choose(...fileNames: string[]): string | undefined {
  return chooseFile(
    fileNames.map((fileName) => ({ fileName })),
    TAGS,
  )?.fileName;
}

const CASES: readonly (readonly [title: string, chosen: string | undefined, ...others: string[]])[] = [
  [
    'the interpreter’s own before abi3',
    'a-1-cp311-cp311-manylinux_2_17_x86_64.whl',
    'a-1-cp39-abi3-manylinux_2_17_x86_64.whl',
  ],
  [
    'the newest glibc that is there',
    'a-1-cp311-cp311-manylinux_2_28_x86_64.whl',
    'a-1-cp311-cp311-manylinux_2_17_x86_64.whl',
    'a-1-cp311-cp311-manylinux_2_39_x86_64.whl',
  ],
  [
    'a wheel of several tags',
    'a-1-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl',
    'a-1-py3-none-any.whl',
  ],
  ['the higher build', 'a-1-10-py3-none-any.whl', 'a-1-py3-none-any.whl', 'a-1-9-py3-none-any.whl'],
  ['any wheel before the source', 'a-1-py2.py3-none-any.whl', 'a-1.tar.gz'],
  [
    'the source when no wheel fits',
    'a-1.tar.gz',
    'a-1-cp311-cp311-win_amd64.whl',
    'a-1-cp312-cp312-manylinux_2_17_x86_64.whl',
  ],
  [
    'nothing for other platforms',
    undefined,
    'a-1-cp311-cp311-macosx_11_0_arm64.whl',
    'a-1-cp311-cp311-musllinux_1_2_x86_64.whl',
    'a-1-cp311-cp311-manylinux_2_17_aarch64.whl',
    'a-1.exe',
  ],
];

for (const [title, chosen, ...others] of CASES) {
  test(`takes ${title}`, () => {
    const all = chosen === undefined ? others : [chosen, ...others];
    assert.equal(choose(...all), chosen);
    assert.equal(choose(...[...all].reverse()), chosen);
  });
}
