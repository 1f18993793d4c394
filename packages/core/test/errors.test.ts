// System errors become failures that name their cause.
import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { test } from 'node:test';
import { errnoOf, fileSystemError } from '@salver/core';

/** As Node throws what its library has no name for; which of the two depends on the function. */
function unnamedError(errno: number, name = `Unknown system error -${errno}`): Error {
  return Object.assign(new Error(`${name}: ${name}, write`), { errno: -errno, code: name, syscall: 'write' });
}

test('an exceeded quota is a full disk, although Node has no name for it', () => {
  const { EDQUOT } = constants.errno;
  for (const error of [unnamedError(EDQUOT), unnamedError(EDQUOT, 'UNKNOWN')]) {
    assert.equal(errnoOf(error), 'EDQUOT');
    assert.equal(fileSystemError(error, 'cannot write').code, 'E_DISK_FULL');
  }
});

test('an answer of the system that nobody has a name for stays what it is', () => {
  assert.equal(errnoOf(unnamedError(4_095)), 'Unknown system error -4095');
});

test("Node's own errors are no answers of the system", () => {
  assert.equal(errnoOf(Object.assign(new Error('bad'), { code: 'ERR_INVALID_ARG_TYPE' })), undefined);
});
