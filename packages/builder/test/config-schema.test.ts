import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { CONFIG_SCHEMA } from '@salver/builder';
import type { ConfigSchema } from '@salver/builder';

// dist-test/ and test/ lie side by side, so the path holds for source and compiled file.
const PUBLISHED = new URL('../schema/salver.schema.json', import.meta.url);

test('the published schema is the table that the program checks with', () => {
  const expected = `${JSON.stringify(CONFIG_SCHEMA, undefined, 2)}\n`;
  // `UPDATE_SCHEMA=1 node --test …` writes it anew after a change of the table.
  if (process.env.UPDATE_SCHEMA === '1') writeFileSync(PUBLISHED, expected);
  assert.deepEqual(JSON.parse(readFileSync(PUBLISHED, 'utf8')), JSON.parse(expected));
});

test('every key of the schema has a description for editors', () => {
  const visit = (schema: ConfigSchema, place: string): void => {
    for (const [key, property] of Object.entries(schema.properties ?? {})) {
      assert.ok(property.description !== undefined && property.description !== '', `${place}.${key}`);
      visit(property, `${place}.${key}`);
    }
    for (const option of schema.anyOf ?? []) visit(option, place);
    if (schema.items !== undefined) visit(schema.items, place);
    if (typeof schema.additionalProperties === 'object') visit(schema.additionalProperties, place);
  };
  visit(CONFIG_SCHEMA, 'salver.json');
});
