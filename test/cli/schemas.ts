import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Ajv } from 'ajv';

/** Holds a document against one of the schemas in schema/, as JSON writes it. */
export function assertSchema(name: string, document: unknown): void {
  const file = resolve(import.meta.dirname, `../../schema/${name}.schema.json`);
  const ajv = new Ajv({ allErrors: true, formats: { 'date-time': text => !Number.isNaN(Date.parse(text)) } });
  const validate = ajv.compile(JSON.parse(readFileSync(file, 'utf8')));
  assert.ok(validate(JSON.parse(JSON.stringify(document))), `${name}: ${ajv.errorsText(validate.errors)}`);
}
