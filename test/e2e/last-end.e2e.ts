import assert from 'node:assert/strict';
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { bundle } from '../../scripts/bundle.mjs';
import { splitCommand } from '../../src/unit/quote.ts';
import { parseUnit, valuesOf } from '../../src/unit/unit-file.ts';
import { run } from './host.ts';
import { cleanUps, eventually, type Host, host } from './podstead.ts';

interface End {
  readonly exitCode: number;
  readonly reason: string;
  readonly startedAt: string;
  readonly exitedAt: string;
  readonly message: string | null;
}

interface Row {
  readonly key: string;
  readonly restarts: number;
  readonly message: string;
  readonly containers: readonly { readonly name: string; readonly restarts: number; readonly lastEnd: End | null }[];
}

describe('the last end of containers', () => {
  const cleaning = cleanUps();
  let on: Host;
  before(async () => {
    on = await host(cleaning);
  });

  const rowOf = async (name: string): Promise<Row | undefined> => {
    const { stdout } = await on.podstead('status', '-o', 'json');
    return (JSON.parse(stdout) as { pods: Row[] }).pods.find(({ key }) => key === `Pod/default/${name}`);
  };
  const endOf = async (name: string, container: string, isIt: (end: End) => boolean): Promise<End> => {
    const found = await eventually(
      `${container} of ${name} has ended so`,
      async () => (await rowOf(name))?.containers.find(each => each.name === container)?.lastEnd,
      end => end !== null && end !== undefined && isIt(end),
    );
    assert.ok(found);
    return found;
  };

  test('is told with reason, exit code and times, of what waits and of what runs again', async t => {
    await on.write({
      'ends.yaml': `
apiVersion: v1
kind: Pod
metadata: { name: ends }
spec:
  terminationGracePeriodSeconds: 0
  initContainers: [{ name: first, image: localhost/bb:1, command: ['true'] }]
  containers:
    - { name: fails, image: localhost/bb:1, command: [sh, -c, 'exit 3'] }
    - { name: stays, image: localhost/bb:1, command: [sleep, '10000'] }
    - name: greedy
      image: localhost/bb:1
      command: [sh, -c, 'tail /dev/zero']
      resources: { limits: { memory: 16Mi } }
`,
    });
    const agent = await on.start();
    t.after(() => agent.stop());
    const failed = await endOf('ends', 'fails', end => end.reason === 'Error');
    assert.equal(failed.exitCode, 3);
    assert.ok(Date.parse(failed.exitedAt) >= Date.parse(failed.startedAt));
    assert.equal((await endOf('ends', 'first', () => true)).reason, 'Completed');
    // 4.3 does not tell why the kernel killed it.
    const isTold = !(await on.engine.podman('--version')).stdout.includes(' 4.');
    const greedy = await endOf('ends', 'greedy', () => true);
    assert.deepEqual([greedy.reason, greedy.exitCode], [isTold ? 'OOMKilled' : 'Error', 137]);
    await on.engine.podman('kill', 'ends-stays');
    const killed = await endOf('ends', 'stays', () => true);
    assert.deepEqual([killed.reason, killed.exitCode], ['Error', 137]);
    const row = await eventually(
      'stays was restarted',
      () => rowOf('ends'),
      found => found?.containers.find(({ name }) => name === 'stays')?.restarts === 1,
    );
    assert.ok((row?.restarts ?? 0) >= 2);
    const why = await on.podstead('why', 'ends');
    assert.match(why.stdout, /last end +greedy ended .* ago after .*: (OOMKilled|Error), exit code 137/);
    assert.match(why.stdout, /last end +stays ended .*: Error, exit code 137, restarted once/);
    await agent.stop();
    await on.podstead('down', join(on.source, 'ends.yaml'));
  });

  /** A container of a user of its own that says something and ends with 1, again and again. */
  const saying = (name: string, command: string, more = ''): string =>
    `{ name: ${name}, image: localhost/bb:1, command: [sh, -c, '${command}; exit 1'], securityContext: { runAsUser: 1234, readOnlyRootFilesystem: true }${more} }`;
  const messageOf = async (container: string): Promise<string | null> =>
    (await endOf('says', container, () => true)).message;

  test('has the message that the run left: in the usual file, in another one, or in its log', async t => {
    await on.write({
      'ends.yaml': '',
      'says.yaml': `
apiVersion: v1
kind: Pod
metadata: { name: says }
spec:
  terminationGracePeriodSeconds: 0
  containers:
    - ${saying('usual', 'echo in short > /dev/termination-log')}
    - ${saying('other', 'echo elsewhere > /end', ', terminationMessagePath: /end')}
    - ${saying('logged', 'echo to the log', ', terminationMessagePolicy: FallbackToLogsOnError')}
    - ${saying('quiet', 'echo to the log')}
    - ${saying('long', 'yes | head -c 5000 > /dev/termination-log; echo end >> /dev/termination-log')}
    - ${saying('once', '[ -e /flags/told ] || { touch /flags/told; echo only once > /dev/termination-log; }', ', volumeMounts: [{ name: flags, mountPath: /flags }]')}
  volumes: [{ name: flags, emptyDir: {} }]
`,
    });
    const agent = await on.start();
    t.after(() => agent.stop());
    assert.equal(await messageOf('usual'), 'in short\n');
    assert.equal(await messageOf('other'), 'elsewhere\n');
    assert.match((await messageOf('logged')) ?? '', /^to the log\n/);
    assert.equal(await messageOf('quiet'), null);
    const long = (await messageOf('long')) ?? '';
    assert.equal(long.length, 4096);
    assert.match(long, /y\nend\n$/);
    await eventually(
      'a run that leaves nothing has no message of an earlier one',
      async () => messageOf('once'),
      message => message === null,
    );
    const why = await on.podstead('why', 'says');
    assert.match(why.stdout, /last end +usual ended .*: Error, exit code 1.*: in short/);
    const file = join(on.source, 'says.yaml');
    await agent.stop();
    assert.equal((await on.podstead('down', file)).code, 0);
    assert.deepEqual(await readdir(join(on.state, 'podstead', 'files')), []);
  });

  test('a boot unit makes the file anew where it was lost, and leaves one that is there as it is', async () => {
    const file = join(on.source, 'boots.yaml');
    const says = "echo up >> /dev/termination-log; trap 'exit 0' TERM; while :; do sleep 1; done";
    await on.write({
      'boots.yaml': `
apiVersion: v1
kind: Pod
metadata: { name: boots }
spec:
  terminationGracePeriodSeconds: 5
  initContainers: [{ name: first, image: localhost/bb:1, command: ['true'] }]
  containers: [{ name: main, image: localhost/bb:1, command: [sh, -c, ${JSON.stringify(says)}], securityContext: { runAsUser: 1234 } }]
`,
    });
    const applied = await on.podstead('apply', file);
    assert.equal(applied.code, 0, applied.stderr);
    const files = join(on.state, 'podstead', 'files');
    const [uid = ''] = await readdir(files);
    const ends = join(files, uid, '..ends');
    const told = async (): Promise<string> => readFile(join(ends, 'main'), 'utf8');
    const { stdout } = await on.podstead('generate', 'systemd', file);
    const unit = parseUnit('x.service', stdout.slice(stdout.indexOf('[Unit]')));
    const does = async (...keys: readonly string[]): Promise<void> => {
      for (const line of keys.flatMap(key => valuesOf(unit, 'Service', key))) {
        const [program = '', ...args] = splitCommand(line);
        const { code, stderr } = await run(program, args, on.env);
        assert.equal(code, 0, stderr);
      }
    };
    await eventually('it has said so', told, text => text === 'up\n');
    const { mtimeMs } = await stat(join(ends, 'first'));
    await does('ExecStartPre');
    assert.deepEqual([await told(), (await stat(join(ends, 'first'))).mtimeMs], ['up\n', mtimeMs]);
    await does('ExecStop');
    await rm(join(files, uid), { recursive: true });
    await does('ExecStartPre', 'ExecStart');
    await eventually('it runs, and can say so', told, text => text === 'up\n');
    assert.equal((await stat(ends)).mode & 0o777, 0o700);
    assert.equal((await on.podstead('down', file)).code, 0);
  });

  test('containers that an older version made have no such file, and are not made anew for it', async t => {
    const text = `
apiVersion: v1
kind: Pod
metadata: { name: old }
spec:
  terminationGracePeriodSeconds: 0
  containers: [${saying('main', 'sleep 1000')}]
`;
    await on.write({ 'old.yaml': text, 'says.yaml': '' });
    const file = join(on.source, 'old.yaml');
    const older = await builtWithout(on.runtime);
    const applied = await run('node', [older, 'apply', file], on.env);
    assert.equal(applied.code, 0, applied.stderr);
    const mounts = async (): Promise<string> =>
      (await on.engine.podman('inspect', '--format', '{{json .Mounts}}', 'old-main')).stdout;
    assert.doesNotMatch(await mounts(), /termination-log/);
    assert.equal((await on.podstead('plan', file)).code, 0);
    const refreshed = await on.podstead('apply', '--refresh', file);
    assert.equal(refreshed.code, 0, refreshed.stderr);
    assert.match(await mounts(), /termination-log/);
    t.diagnostic('the mount came with the refresh');
  });
});

/** A bundle of the program as it was before messages had files. */
async function builtWithout(directory: string): Promise<string> {
  const outfile = join(directory, 'older.cjs');
  await bundle(outfile, {
    plugins: [
      {
        name: 'no messages',
        setup(steps) {
          steps.onLoad({ filter: /src\/podman\/create-container\.ts$/ }, async ({ path }) => {
            const text = await readFile(path, 'utf8');
            const mount = ', ...messageMount(context, uid, container)';
            assert.ok(text.includes(mount));
            return { contents: text.replace(mount, ''), loader: 'ts' };
          });
        },
      },
    ],
  });
  return outfile;
}
