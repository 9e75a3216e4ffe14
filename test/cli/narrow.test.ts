import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bundleText } from '../../src/cli/bundle-inspect.ts';
import { type PrunedRow, pruneTable } from '../../src/cli/image-prune.ts';

const whole = Number.POSITIVE_INFINITY;
const name = 'registry.example.org/a-team-of-people/some-service-name:1.2.3';
const id = `${'0123456789ab'.repeat(5)}0123`;
const row = (names: readonly string[]): PrunedRow => ({
  image: { id, names, size: 12_300_000, isKept: false },
  remove: false,
  result: 'kept',
  why: 'Pod/default/web ran it before its last change',
});

function lines(text: string, width: number): readonly string[] {
  const all = text.split('\n');
  assert.deepEqual(
    all.filter(line => line.length > width),
    [],
  );
  return all;
}

test('pruneTable() has names and ids where they fit, and for a name too long leaves the ids out', () => {
  const [header, first] = lines(pruneTable([row([name]), row([])], 80), 80);
  assert.match(header ?? '', /^IMAGE +SIZE +RESULT +WHY$/);
  assert.match(first ?? '', /^regist\S*…\S+service-name:1\.2\.3 {3}12\.3 MB {3}kept {5}Pod/);
  assert.match(pruneTable([row([name]), row([])], 80), /^0123456789ab +12\.3 MB/m);
  assert.match(pruneTable([row(['localhost/web:1'])], 80), /^localhost\/web:1 {3}0123456789ab {3}12\.3 MB/m);
  assert.ok(pruneTable([row([name])], whole).includes(`${name}   0123456789ab   `));
});

test('bundleText() shortens digests and names for a terminal, and for nothing else', () => {
  const digest = `sha256:${id}`;
  const document = {
    ...{ file: '/srv/site.bundle', digest, size: 1000, format: 1, platform: 'linux/amd64', revision: 'a'.repeat(40) },
    ...{ base: null, verified: true, fault: null, absent: [] },
    images: [{ reference: name, digest, manifest: digest, size: 2000, layers: 3, absentLayers: 1 }],
    manifests: [{ path: 'web.yaml', size: 10 }],
  };
  const narrow = lines(bundleText(document, 80), 80).join('\n');
  assert.match(narrow, /^regist\S*…\S+:1\.2\.3 {3}0123456789ab {3}2\.0 kB {3}3, 1 absent$/m);
  assert.match(bundleText(document, whole), new RegExp(`^${name} {3}${digest} `, 'm'));
});
