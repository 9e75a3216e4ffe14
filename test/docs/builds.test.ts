import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeProgram } from '../../src/cli/program.ts';
import { load } from '../../src/manifest/load.ts';
import { page } from './blocks.ts';
import { missingTests, named } from './named-tests.ts';

const section = page('docs/builds.md').split("## Buildah's commands\n")[1] ?? '';
/** Buildah's words, ours, and the test or reason. */
const rows = [...section.matchAll(/^\| `([^`]+)`[^|]*\|([^|]*)\| (.+) \|$/gm)].map(
  ([, theirs = '', ours = '', answer = '']) => ({ theirs, ours, answer }),
);
const reasons = ['Not done yet: ', 'Not taken: ', 'Does not apply: '];
const program = makeProgram(async () => undefined);

test('docs/builds.md has a row for every command of buildah 1.28', () => {
  // `buildah --help`, without help itself.
  const commands =
    'add build commit config containers copy from images info inspect login logout manifest mount pull push rename rm rmi run source tag umount unshare version';
  const told = rows.flatMap(({ theirs }) => /^buildah (\S+)$/.exec(theirs)?.[1] ?? []);
  assert.deepEqual(told.toSorted(), commands.split(' '));
});

test('every row of docs/builds.md names a test that is there, or begins with a reason', () => {
  const bare = rows.filter(
    ({ answer }) => named(answer).length === 0 && !reasons.some(reason => answer.startsWith(reason)),
  );
  assert.deepEqual(bare, []);
  assert.deepEqual(missingTests(rows.map(({ answer }) => answer)), []);
});

test('what docs/builds.md calls ours is a command or an option of ours', () => {
  const groups = program.commands.filter(command => ['build', 'image'].includes(command.name()));
  const words = new Set(
    groups.flatMap(group => [
      `podstead ${group.name()}`,
      ...[group, ...group.commands].flatMap(command => command.options.flatMap(({ long, short }) => [long, short])),
      ...group.commands.map(command => `podstead ${group.name()} ${command.name()}`),
    ]),
  );
  words.add('podstead doctor');
  const ours = rows.flatMap(row => [...row.ours.matchAll(/`(podstead [a-z -]+|--?[a-z-]+)/g)].map(match => match[1]));
  assert.ok(ours.length > 20);
  assert.deepEqual(
    ours.filter(word => !words.has(word)),
    [],
  );
});

test('the table of flags in docs/builds.md has every option of build', () => {
  const flags = page('docs/builds.md').split('## ImageBuild')[0] ?? '';
  const global = new Set(program.options.map(({ long }) => long));
  const build = program.commands.find(command => command.name() === 'build');
  const options = (build?.options ?? []).filter(({ long }) => !global.has(long));
  assert.ok(options.length > 15);
  const missing = options.filter(
    ({ long, short }) => !flags.includes(`\`${long}`) && !(short && flags.includes(`\`${short}`)),
  );
  assert.deepEqual(
    missing.map(({ long }) => long),
    [],
  );
});

test('the ImageBuild that docs/builds.md shows is one, and uses every step', () => {
  const text = /```yaml\n(.*?)```/s.exec(page('docs/builds.md'))?.[1] ?? '';
  const { builds, problems } = load([{ path: 'a.yaml', directory: '/m', text }], { strict: true });
  assert.deepEqual(problems, []);
  const used = new Set(builds[0]?.object.spec.steps.flatMap(step => Object.keys(step)));
  const schema = JSON.parse(readFileSync(join(import.meta.dirname, '../../schema/imagebuild.schema.json'), 'utf8'));
  assert.deepEqual([...used].sort(), Object.keys(schema.$defs.ImageBuildStep.properties).sort());
});
