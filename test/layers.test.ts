import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { test } from 'node:test';

const src = resolve(import.meta.dirname, '../src');
const ports = ['engine', 'source/source.ts', 'record/records.ts', 'probe/ports.ts', 'clock.ts', 'log.ts', 'durable.ts'];
const pure = ['manifest', 'desired', 'plan', 'unit', 'status', 'kube'];
const shells = ['cli', 'server', 'web'];

/** Folder (or file at the top) to what it may import of the others. The table of the design, section 2. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  model: [],
  manifest: ['model'],
  desired: ['model', 'manifest'],
  plan: ['model'],
  unit: ['model'],
  status: ['model'],
  kube: ['model'],
  engine: ['model'],
  source: ['model'],
  record: ['model', 'durable.ts'],
  probe: ['model', 'clock.ts'],
  'clock.ts': [],
  'log.ts': [],
  'durable.ts': [],
  'gate.ts': [],
  apply: ['model', ...ports, ...pure],
  reconcile: ['model', ...ports, ...pure, 'apply'],
  image: ['model', 'durable.ts', 'gate.ts'],
  bundle: ['model', 'image', 'durable.ts'],
  podman: ['model', 'engine', 'durable.ts', 'gate.ts'],
  systemd: ['model', 'unit', 'durable.ts'],
};

/** Node's modules and packages that only these folders may use: effects stay at the edge. */
const pureFolders = ['model', 'desired', 'plan', 'unit', 'status', 'kube', 'manifest', 'apply', 'reconcile'];
const pureMayUse: Readonly<Record<string, readonly string[]>> = {
  'manifest/canon.ts': ['node:crypto'],
  manifest: ['js-yaml', '@kubernetes/client-node'],
  desired: ['@kubernetes/client-node'],
  kube: ['js-yaml'],
};

function files(dir: string): string[] {
  return readdirSync(dir, { withFileTypes: true, recursive: true })
    .filter(entry => entry.isFile() && entry.name.endsWith('.ts'))
    .map(entry => relative(src, join(entry.parentPath, entry.name)));
}

function imports(file: string): string[] {
  const text = readFileSync(join(src, file), 'utf8');
  const found = text.matchAll(/^(?:import|export)\s(?:[\w\s{},*]+\sfrom\s+)?'([^']+)'|\bimport\(\s*'([^']+)'/gm);
  return [...found].map(match => match[1] ?? match[2] ?? '');
}

function folderOf(file: string): string {
  return file.split('/')[0] ?? file;
}

const all = files(src);

test('each folder of src imports only what the design allows', () => {
  assert.ok(all.length > 0);
  const wrong: string[] = [];
  for (const file of all) {
    const folder = folderOf(file);
    if (shells.includes(folder)) continue;
    const allowed = mayImport[folder];
    assert.ok(allowed, `${file} lies in a folder that the design does not have`);
    for (const name of imports(file).filter(name => name.startsWith('.'))) {
      const target = relative(src, resolve(src, dirname(file), name));
      const fits = folderOf(target) === folder || allowed.some(a => target === a || target.startsWith(`${a}/`));
      if (!fits) wrong.push(`${file} imports ${target}`);
    }
  }
  assert.deepEqual(wrong, []);
});

test('the core imports no effects', () => {
  const wrong: string[] = [];
  for (const file of all.filter(file => pureFolders.includes(folderOf(file)))) {
    const allowed = [...(pureMayUse[file] ?? []), ...(pureMayUse[folderOf(file)] ?? [])];
    for (const name of imports(file).filter(name => !name.startsWith('.'))) {
      if (!allowed.includes(name)) wrong.push(`${file} imports ${name}`);
    }
  }
  assert.deepEqual(wrong, []);
});

test('src is two levels deep and no file exceeds 300 lines', () => {
  const deep = all.filter(file => file.split('/').length > 2 && !file.startsWith('manifest/generated/'));
  const long = all.filter(
    file => !file.startsWith('manifest/generated/') && readFileSync(join(src, file), 'utf8').split('\n').length > 301,
  );
  assert.deepEqual({ deep, long }, { deep: [], long: [] });
});
