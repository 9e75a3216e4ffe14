import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { cleanUps, eventually, type Host, host, program, runningWith, writeFiles } from './podstead.ts';

/** Longer than any test may take. */
const forEver = 7200;

describe('a build that is stopped', () => {
  const cleaning = cleanUps();
  cleaning.after(async () => {
    for (const pid of await runningWith(`sleep\0${forEver}.`)) process.kill(pid, 'SIGKILL');
  });
  let on: Host;
  let dir = '';
  before(async () => {
    on = await host(cleaning);
    dir = join(on.source, '../contexts');
    await mkdir(dir);
  });

  interface Running {
    readonly child: ChildProcess;
    readonly output: () => string;
    readonly exit: Promise<number | null>;
  }

  function started(...args: string[]): Running {
    const child = spawn('node', [program, ...args], { env: { ...process.env, ...on.env } });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => (output += chunk));
    return { child, output: () => output, exit: new Promise(resolve => child.once('exit', resolve)) };
  }

  const nothingRuns = (mark: string): Promise<readonly number[]> =>
    eventually(
      'nothing of the step runs',
      () => runningWith(mark),
      pids => pids.length === 0,
    );
  const noContainers = (): Promise<string> =>
    eventually(
      'the engine cleaned up',
      async () => (await on.engine.podman('ps', '-a', '--external', '-q')).stdout,
      ids => ids === '',
    );

  const signals = [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const;
  for (const [signal, code] of signals) {
    test(`its step is ended by ${signal}, with all that it started, and the next ones are not begun`, async () => {
      const mark = `${forEver}.${code}`;
      const lines = [`RUN echo begun; sleep ${mark} & sleep ${mark}`, 'RUN echo never'];
      await writeFiles(join(dir, signal), { Containerfile: `FROM localhost/bb:1\n${lines.join('\n')}\n` });
      const build = started('build', '-t', `localhost/stopped:${code}`, join(dir, signal));
      await eventually('the step runs', build.output, text => text.includes('\nbegun\n'));
      build.child.kill(signal);
      assert.equal(await build.exit, code);
      assert.match(build.output(), /Stopped, and ended its step: RUN echo begun; sleep/);
      await nothingRuns(mark);
      await noContainers();
      assert.doesNotMatch(build.output(), /never/);
      assert.equal((await on.engine.podman('image', 'exists', `localhost/stopped:${code}`)).code, 1);
    });
  }

  test('a command in a working container is ended, and nothing of it is kept', async () => {
    assert.equal((await on.podstead('build', 'from', '--name', 'stop', 'localhost/bb:1')).code, 0);
    const mark = `${forEver}.3`;
    const run = started('build', 'run', 'stop', '--', 'sh', '-c', `echo x > /kept; echo begun; exec sleep ${mark}`);
    await eventually('the command runs', run.output, text => text.includes('begun\n'));
    run.child.kill('SIGINT');
    assert.equal(await run.exit, 130);
    assert.match(run.output(), /Stopped, and ended its step: RUN /);
    await nothingRuns(mark);
    await noContainers();
    const after = await on.podstead('build', 'run', 'stop', '--', 'sh', '-c', 'test ! -e /kept && echo untouched');
    assert.equal(after.stdout, 'untouched\n', after.stderr);
  });

  test('where two builds run the same command neither is ended, and it says what may still run', async () => {
    const mark = `${forEver}.4`;
    const text = `FROM localhost/bb:1\nRUN echo begun; exec sleep ${mark}\n`;
    await writeFiles(join(dir, 'twin'), { Containerfile: text });
    const [one, other] = ['one', 'other'].map(name => started('build', '-t', `localhost/${name}:1`, join(dir, 'twin')));
    assert.ok(one && other);
    for (const each of [one, other]) await eventually('it runs', each.output, said => said.includes('\nbegun\n'));
    one.child.kill('SIGINT');
    assert.equal(await one.exit, 130);
    assert.match(one.output(), /may still run this step.*kill the child of buildah-oci-runtime.*: RUN echo begun/);
    const left = await runningWith(mark);
    assert.equal(left.length, 2);
    for (const pid of left) process.kill(pid, 'SIGKILL');
    assert.equal(await other.exit, 1);
    await nothingRuns(mark);
    await noContainers();
  });

  test("a build of somebody else's is left alone, though it runs the same command", async () => {
    const mark = `${forEver}.5`;
    const text = `FROM localhost/bb:1\nRUN echo begun; exec sleep ${mark}\n`;
    await writeFiles(join(dir, 'theirs'), { Containerfile: text });
    const { root, runroot, env } = on.engine;
    const args = ['--root', root, '--runroot', runroot, 'bud', join(dir, 'theirs')];
    const theirs = spawn('buildah', args, { env: { ...process.env, ...env }, stdio: 'ignore' });
    const left = await eventually(
      'theirs runs',
      () => runningWith(mark),
      pids => pids.length > 0,
    );
    const ours = started('build', '-t', 'localhost/ours:1', join(dir, 'theirs'));
    await eventually('ours runs', ours.output, said => said.includes('\nbegun\n'));
    ours.child.kill('SIGINT');
    assert.equal(await ours.exit, 130);
    assert.match(ours.output(), /Stopped, and ended its step/);
    assert.deepEqual(
      await eventually(
        'ours is gone',
        () => runningWith(mark),
        pids => pids.length === left.length,
      ),
      left,
    );
    for (const pid of left) process.kill(pid, 'SIGKILL');
    await new Promise(resolve => (theirs.exitCode === null ? theirs.once('exit', resolve) : resolve(0)));
    await nothingRuns(mark);
  });
});
