import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { run } from '../e2e/host.ts';
import { canRunSeveral, hasSystemd, machineGroups } from './groups.ts';

const several = await canRunSeveral();
const why = hasSystemd() ? 'systemd makes them here' : several ? false : 'no control groups can be made here';

test('each boot starts in groups of its own, which are gone after it', { skip: why }, async () => {
  const [one, other] = await Promise.all([machineGroups(), machineGroups()]);
  const [seenByOne, seenByOther] = await Promise.all([placesOf(one.words), placesOf(other.words)]);
  assert.ok(seenByOne.length > 0 && seenByOther.length > 0);
  for (const path of seenByOne) assert.ok(!seenByOther.includes(path), `${path} is of both`);
  // As nspawn leaves them.
  const groups = [one, other].flatMap(({ words }) => words.filter(word => word.startsWith('/sys/fs/cgroup')));
  const nested = groups.map(group => `${group}/payload/init.scope`);
  assert.equal((await run('mkdir', ['--parents', ...nested])).code, 0);
  await Promise.all([one.remove(), other.remove()]);
  assert.deepEqual(groups.filter(existsSync), []);
});

test('groups of a process that ended before it removed them go with the next', { skip: why }, async () => {
  const script = `import { machineGroups } from '${import.meta.dirname}/groups.ts';
    process.stdout.write((await machineGroups()).words.join('\\n'));`;
  const { stdout } = await run(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', script]);
  const left = stdout.split('\n').filter(word => word.startsWith('/sys/fs/cgroup'));
  assert.ok(left.length > 0 && left.every(group => existsSync(group)), stdout);
  const { remove } = await machineGroups();
  await remove();
  assert.deepEqual(left.filter(existsSync), []);
});

/** The groups of ours that a command sees itself in. */
async function placesOf(words: readonly string[]): Promise<readonly string[]> {
  const [file = '', ...rest] = [...words, 'cat', '/proc/self/cgroup'];
  return (await run(file, rest)).stdout.split('\n').filter(line => line.includes('podstead-machine-'));
}
