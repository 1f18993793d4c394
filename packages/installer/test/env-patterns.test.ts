import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSalverError } from '@salver/core';
import { makeArtifact } from '@salver/testing';
import { install, makeTempDir } from './test-root.js';

test('gives up a pattern that takes for ever on its own default, and changes nothing', async (context) => {
  const root = makeTempDir(context);
  const artifact = await makeArtifact(
    { a: '1' },
    {
      host: {
        env: {
          FAST: { default: 'abc', pattern: '[a-c]+' },
          ODD: { default: 'x', pattern: '(' },
          SLOW: { default: `${'a'.repeat(60)}!`, pattern: '(a+)+' },
        },
      },
    },
  );
  await assert.rejects(install(root, artifact), (error) => {
    assert.ok(isSalverError(error, 'E_ENV_UNMET'), String(error));
    assert.match(error.message, /ODD has a pattern that is no regular expression/);
    assert.match(error.message, /SLOW has a pattern that takes too long/);
    assert.doesNotMatch(error.message, /FAST/);
    return true;
  });
});
