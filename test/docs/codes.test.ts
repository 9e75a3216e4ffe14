import assert from 'node:assert/strict';
import { test } from 'node:test';
import { page } from './blocks.ts';

/** The members of a union of texts in a source file, comments aside. */
function union(file: string, from: string): readonly string[] {
  const text = page(file).split(from)[1]?.split(';')[0] ?? '';
  return [...text.replaceAll(/\/\*.*?\*\//gs, '').matchAll(/'([A-Z_]+)'/g)].map(match => match[1] ?? '');
}

/** The codes that a section of docs/troubleshooting.md has rows for. */
function documented(heading: string): readonly string[] {
  const section = page('docs/troubleshooting.md').split(`## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  return [...section.matchAll(/^\| `([A-Z_]+)` +\|/gm)].map(match => match[1] ?? '');
}

test('docs/troubleshooting.md explains every EngineCode and no other, in the same order', () => {
  const codes = union('src/engine/engine.ts', 'export type EngineCode =');
  assert.ok(codes.length > 10);
  assert.deepEqual(documented('Failures of the engine'), codes);
});

test('docs/troubleshooting.md explains every ImageCode and no other, in the same order', () => {
  const codes = union('src/image/failure.ts', 'export type ImageCode =');
  assert.ok(codes.length > 10);
  assert.deepEqual(documented('Failures of images'), codes);
});

test('docs/troubleshooting.md explains every code of a Notice and no other', () => {
  const codes = union('src/model/event.ts', 'export interface Notice {\n  readonly code:');
  assert.ok(codes.length > 0);
  assert.deepEqual(documented('Notices'), codes);
});

test('docs/troubleshooting.md explains every SourceCode', () => {
  const codes = union('src/source/source.ts', 'export type SourceCode =');
  assert.deepEqual(documented('Other failures').slice(0, codes.length), codes);
});
