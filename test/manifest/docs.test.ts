import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { withTables } from '../../scripts/field-docs.ts';
import { kubernetesSchema } from '../../scripts/schema.ts';
import { checkedKinds } from '../../src/manifest/generated/validators.js';
import { read } from './read.ts';

const root = join(import.meta.dirname, '../..');
const page = (file: string): string => readFileSync(join(root, file), 'utf8');

test('docs/problems.md explains every ProblemCode and no other', () => {
  const union = page('src/model/problem.ts').split('export type ProblemCode =')[1]?.split(';')[0] ?? '';
  const codes = [...union.matchAll(/'(\w+)'/g)].map(match => match[1]);
  const headings = [...page('docs/problems.md').matchAll(/^## (\w+)$/gm)].map(match => match[1]);
  assert.ok(codes.length > 20);
  assert.deepEqual(headings, codes);
});

const sections = page('docs/problems.md').split(/^## /m).slice(1);
for (const section of sections) {
  const code = section.slice(0, section.indexOf('\n'));
  const example = /^```yaml\n(.*?)\n```$/ms.exec(section)?.[1];
  if (example === undefined) continue;
  test(`the example of ${code} in docs/problems.md has that problem and no other`, () => {
    const { problems } = read(example);
    assert.deepEqual([...new Set(problems.map(problem => problem.code))], [code], JSON.stringify(problems));
  });
}

test('docs/kubernetes.md has the tables of src/manifest/support.ts, and all kinds', () => {
  const text = page('docs/kubernetes.md');
  assert.equal(withTables(text, Object.keys(checkedKinds)), text, 'run "npx tsx scripts/schema.ts"');
});

test('schema/kubernetes.json is what the installed types make', async () => {
  assert.deepEqual(JSON.parse(page('schema/kubernetes.json')), JSON.parse(JSON.stringify(await kubernetesSchema())));
});
