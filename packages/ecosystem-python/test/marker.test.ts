import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSalverError } from '@salver/core';
import { evaluateMarker, parseMarker } from '../dist/marker.js';
import type { MarkerEnvironment } from '../dist/marker.js';
import { readOracle } from './oracle.js';

interface MarkerOracle {
  readonly environment: Readonly<Record<string, string | readonly string[]>>;
  readonly answers: Readonly<Record<string, boolean | 'refused'>>;
}

const oracle = readOracle<MarkerOracle>('markers.json');

function environmentOf({ environment }: MarkerOracle): MarkerEnvironment {
  const { extras, dependency_groups: groups, ...variables } = environment;
  return {
    variables: variables as Record<string, string>,
    extras: new Set(extras as readonly string[]),
    groups: new Set(groups as readonly string[]),
  };
}

function decide(expression: string, environment: MarkerEnvironment): boolean | 'refused' {
  try {
    return evaluateMarker(parseMarker(expression), environment);
  } catch (error) {
    if (isSalverError(error, 'E_LOCK_INVALID')) return 'refused';
    throw error;
  }
}

test('decides every expression as packaging does', () => {
  const environment = environmentOf(oracle);
  const entries = Object.entries(oracle.answers);
  assert.ok(entries.length >= 600);
  const different = entries.filter(([expression, answer]) => decide(expression, environment) !== answer);
  assert.deepEqual(different, []);
});

test('refuses what only a host knows', () => {
  const environment = environmentOf(oracle);
  assert.throws(() => evaluateMarker(parseMarker('platform_release >= "5"'), environment), {
    code: 'E_LOCK_UNSUPPORTED',
  });
});

test('refuses brackets without end, and does not overflow', () => {
  assert.throws(() => parseMarker('('.repeat(100_000)), { code: 'E_LOCK_INVALID' });
});
