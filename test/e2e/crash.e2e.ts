import assert from 'node:assert/strict';
import { readdir, readFile, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { freePort, type Registry, registry } from './host.ts';
import { statefulPod } from './manifests.ts';
import { cleanUps, eventually, type Host, host, listed } from './podstead.ts';
import { type Cut, type Ended, runCut } from './victim.ts';

/** `npm run test:long` sets it above 1: then every effect of every phase is cut off at. */
const isLong = Number(process.env.TEST_SCALE ?? 1) > 1;

const sidecar = 'initContainers: [{ name: proxy, image: localhost/bb:1, restartPolicy: Always }]';
const pod = (name: string, says: string): string =>
  statefulPod(name, says, 1, `env: [{ name: SAYS, value: ${says} }]`).replace(
    '  containers:',
    `  ${sidecar}\n  containers:`,
  );

const deployment = (says: string, port: number): string => `
apiVersion: apps/v1
kind: Deployment
metadata: { name: dep }
spec:
  selector: { matchLabels: { app: dep } }
  template:
    metadata: { labels: { app: dep } }
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - name: main
          image: localhost/bb:1
          env: [{ name: SAYS, value: ${says} }]
          ports: [{ containerPort: 80, hostPort: ${port}, hostIP: 127.0.0.1 }]
`;

const bystander = `
apiVersion: v1
kind: Pod
metadata: { name: other }
spec: { terminationGracePeriodSeconds: 0, containers: [{ name: main, image: localhost/bb:1 }] }
`;

const made = (image: string): string => `
apiVersion: v1
kind: Pod
metadata: { name: made, annotations: { io.containers.autoupdate/moved: local } }
spec:
  terminationGracePeriodSeconds: 1
  containers:
    - { name: built, image: 'localhost/site:1' }
    - { name: pulled, image: '${image}' }
    - { name: moved, image: 'localhost/moved:1' }
`;

/** One change of the manifests, and what it leads to. */
interface Phase {
  readonly name: 'create' | 'change' | 'hand over' | 'make images' | 'follow' | 'prune' | 'down';
  readonly files: Readonly<Record<string, string>>;
  readonly command: readonly string[];
  /** Containers beside the bystander's, with the wish that they show; undefined: none to show. */
  readonly runs: Readonly<Record<string, string | undefined>>;
  readonly pods: number;
}

describe('killed at an effect of its work on a real engine', () => {
  const cleaning = cleanUps();
  let on: Host;
  let hub: Registry;
  let phases: readonly Phase[];
  /** Effects of each phase, undisturbed. */
  const effects = new Map<string, readonly string[]>();
  /** Storage that a killed engine forgot: Podman shows it to nobody but `ps --external`, and tells nobody whose it was. */
  let forgotten = 0;
  /** Which of two images has the name that a container follows. */
  let isMoved = false;
  before(async () => {
    on = await host(cleaning);
    hub = await registry(cleaning);
    const image = `${hub.host}/app:1`;
    await on.engine.podman('push', '--tls-verify=false', 'localhost/bb:1', image);
    await on.write({ 'other/Containerfile': 'FROM localhost/bb:1\nLABEL other=1\n' });
    await on.engine.podman('build', '--quiet', '-t', 'localhost/bc:1', join(on.source, 'other'));
    await on.engine.podman('tag', 'localhost/bb:1', 'localhost/moved:1');
    const port = await freePort();
    const apply = ['apply', on.source];
    const images = { 'made-built': undefined, 'made-pulled': undefined, 'made-moved': undefined };
    const two = { 'web-main': 'two', 'web-side': undefined, 'web-proxy': undefined, dep: 'two' };
    phases = [
      {
        name: 'create',
        files: { 'web.yaml': pod('web', 'one'), 'dep.yaml': deployment('one', port) },
        command: apply,
        runs: { 'web-main': 'one', 'web-side': undefined, 'web-proxy': undefined, dep: 'one' },
        pods: 2,
      },
      {
        name: 'change',
        files: { 'web.yaml': pod('web', 'two') },
        command: apply,
        runs: { ...two, dep: 'one' },
        pods: 2,
      },
      { name: 'hand over', files: { 'dep.yaml': deployment('two', port) }, command: apply, runs: two, pods: 2 },
      {
        name: 'make images',
        files: {
          'made.yaml': made(image),
          'site/Containerfile': 'FROM localhost/bb:1\nCOPY motd /motd\n',
          'site/motd': 'one',
        },
        command: apply,
        runs: { ...two, ...images },
        pods: 3,
      },
      { name: 'follow', files: {}, command: apply, runs: { ...two, ...images }, pods: 3 },
      { name: 'prune', files: { 'made.yaml': '' }, command: [...apply, '--prune'], runs: two, pods: 2 },
      {
        name: 'down',
        files: {},
        command: ['down', join(on.source, 'web.yaml'), join(on.source, 'dep.yaml'), '--volumes', 'data'],
        runs: {},
        pods: 0,
      },
    ];
    await on.write({ 'other.yaml': bystander });
    assert.equal((await on.podstead(...apply)).code, 0);
    for (const phase of phases) effects.set(phase.name, (await pass(phase)).effects);
  });

  test('the next run converges, leaks nothing, starts nothing twice and leaves what is beside it alone', async t => {
    const other = (await on.containers()).get('other-main');
    t.diagnostic(JSON.stringify(Object.fromEntries([...effects].map(([name, { length }]) => [name, length]))));
    const cuts = isLong ? allCuts('program') : shareOf('program', 2);
    const kills = await cutAll(cuts);
    t.diagnostic(`the program was killed ${kills} times at ${cuts.length} effects`);
    assert.ok(kills >= cuts.length * 0.8, `${kills} kills`);
    const now = (await on.containers()).get('other-main');
    assert.deepEqual([now?.Id, now?.StartedAt], [other?.Id, other?.StartedAt]);
  });

  test("the same where the engine's service is killed", async t => {
    const other = (await on.containers()).get('other-main');
    const cuts = isLong ? allCuts('service') : shareOf('service', 2);
    const kills = await cutAll(cuts);
    t.diagnostic(
      `the engine's service was killed ${kills} times at ${cuts.length} calls; ${forgotten} layers forgotten`,
    );
    assert.ok(kills >= cuts.length * 0.8, `${kills} kills`);
    const now = (await on.containers()).get('other-main');
    assert.deepEqual([now?.Id, now?.StartedAt], [other?.Id, other?.StartedAt]);
  });

  type Planned = Cut & { readonly phase: Phase };

  /** Every effect of every phase, before and after; calls of the engine amid too. In rounds of all phases. */
  function allCuts(victim: Cut['victim']): readonly Planned[] {
    const perPhase = phases.map(phase => {
      const all = effects.get(phase.name) ?? [];
      const counted = victim === 'program' ? all : all.filter(isCall);
      return counted.flatMap((effect, i) =>
        (isCall(effect) ? (['before', 'amid', 'after'] as const) : (['before', 'after'] as const)).map(
          (when): Planned => ({ phase, at: i + 1, when, victim }),
        ),
      );
    });
    const rounds = Math.max(...perPhase.map(cuts => cuts.length));
    return Array.from({ length: rounds }, (_, round) =>
      perPhase.map(cuts => cuts[round % cuts.length] as Planned),
    ).flat();
  }

  /** So many rounds, spread evenly over each phase. */
  function shareOf(victim: Cut['victim'], rounds: number): readonly Planned[] {
    const whens =
      victim === 'program' ? (['after', 'before', 'amid'] as const) : (['amid', 'after', 'before'] as const);
    return Array.from({ length: rounds }, (_, round) =>
      phases.map((phase, i): Planned => {
        const all = effects.get(phase.name) ?? [];
        const counted = victim === 'program' ? all : all.filter(isCall);
        const at = Math.min(Math.floor(((round + 0.5) / rounds) * counted.length) + 1, counted.length);
        const when = whens[(round + i) % whens.length] ?? 'after';
        return { phase, at, when: when === 'amid' && !isCall(counted[at - 1] ?? '') ? 'after' : when, victim };
      }),
    ).flat();
  }

  async function cutAll(cuts: readonly Planned[]): Promise<number> {
    let kills = 0;
    for (const { phase, ...cut } of cuts) if ((await pass(phase, cut)).killed) kills += 1;
    return kills;
  }

  /** One phase: undisturbed, or killed at an effect and then run again. */
  async function pass(phase: Phase, cut?: Cut): Promise<Ended> {
    const what = `${phase.name} after ${JSON.stringify(cut)}`;
    if (phase.name === 'make images') await on.engine.podman('rmi', '-f', 'localhost/site:1', `${hub.host}/app:1`);
    if (phase.name === 'follow') {
      isMoved = !isMoved;
      await on.engine.podman('tag', isMoved ? 'localhost/bc:1' : 'localhost/bb:1', 'localhost/moved:1');
    }
    await on.write(phase.files);
    const sinceMs = Date.now();
    const first = await runCut(on, phase.command, cut);
    if (cut === undefined) assert.equal(first.code, 0, first.output);
    else {
      await age(join(on.state, 'podstead'));
      const again = await on.podstead(...phase.command);
      assert.equal(again.code, 0, `${what}, which said ${first.output}:\n${again.stderr}`);
    }
    await check(phase, `${what}, an effect of ${JSON.stringify(first.effects)}`);
    const starts = await startsSince(sinceMs);
    if (phase.name === 'create') assert.ok(starts.size >= 3, 'the events tell of the starts');
    // A container that the runtime had started when its engine died is seen by nobody: it has to be started again.
    const most = cut?.victim === 'service' ? 2 : 1;
    for (const [id, count] of starts) assert.ok(count <= most, `${what}: container ${id} was started ${count} times`);
    return first;
  }

  /** Temporary files count as left behind once they are a minute old: makes those that are there so old. */
  async function age(directory: string): Promise<void> {
    const old = new Date(Date.now() - 3_600_000);
    for (const name of await readdir(directory, { recursive: true }))
      if (name.endsWith('.podstead-tmp')) await utimes(join(directory, name), old, old);
  }

  async function check({ name: phase, runs, pods }: Phase, what: string): Promise<void> {
    const all = [...(await listed(on.engine, true)).values()];
    const shortName = (name = ''): string => name.replace(/^dep-.*/, 'dep');
    const mains = all.filter(({ IsInfra, Names }) => !IsInfra && Names[0] !== 'other-main');
    assert.deepEqual(mains.map(({ Names }) => shortName(Names[0])).sort(), Object.keys(runs).sort(), what);
    assert.deepEqual(
      all.filter(({ State }) => State !== 'running').map(({ Names, State }) => `${Names[0]} ${State}`),
      [],
      what,
    );
    for (const { Names } of mains) {
      const want = runs[shortName(Names[0])];
      if (want === undefined) continue;
      const { stdout } = await on.engine.podman('inspect', '--format', '{{.Config.Env}}', Names[0] ?? '');
      assert.match(stdout, new RegExp(`SAYS=${want}`), what);
    }
    if (phase === 'follow') {
      const image = await on.engine.podman('image', 'inspect', '--format', '{{.Id}}', 'localhost/moved:1');
      const { stdout } = await on.engine.podman('inspect', '--format', '{{.Image}}', 'made-moved');
      assert.equal(stdout, image.stdout, what);
    }
    const lines = async (...args: string[]): Promise<string[]> =>
      (await on.engine.podman(...args)).stdout.split('\n').filter(line => line !== '');
    assert.equal((await lines('pod', 'ps', '-q')).length, pods + 1, what);
    assert.equal((await lines('volume', 'ls', '-q')).length, pods === 0 ? 0 : 2, what);
    assert.deepEqual((await lines('network', 'ls', '--format', '{{.Name}}')).sort(), ['podman', 'podstead'], what);
    const external = (await lines('ps', '-aq', '--external')).length - all.length;
    if (external > forgotten) assert.match(what, /"service"/, `${external} layers of storage are left`);
    forgotten = Math.max(forgotten, external);
    assert.equal(await conmons(), all.length, `${what}: each container has its conmon, and there is no other`);

    const state = join(on.state, 'podstead');
    const entries = (await readdir(state, { recursive: true })).sort();
    assert.deepEqual(
      entries.filter(entry => /\.tmp$|\.lost$|\.\.new-/.test(entry)),
      [],
      what,
    );
    assert.equal(entries.filter(entry => /^pods\/.*\.json$/.test(entry)).length, pods + 1, what);
    assert.equal((await readdir(join(state, 'files'))).length, pods + 1, what);
    if (phase === 'down') return;
    const plan = await on.podstead('plan', on.source);
    assert.equal(plan.code, 0, `${what}:\n${plan.stdout}`);
  }

  /** conmon processes of this engine, once those of what has ended are gone. */
  async function conmons(): Promise<number> {
    const count = async (): Promise<number> => {
      const pids = (await readdir('/proc')).filter(name => /^\d+$/.test(name));
      const commands = await Promise.all(pids.map(pid => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')));
      return commands.filter(command => /^[^\0]*conmon\0/.test(command) && command.includes(on.engine.root)).length;
    };
    const wanted = (await listed(on.engine, true)).size;
    return eventually('the conmons of what ended are gone', count, found => found === wanted);
  }

  /** How often each container that is not a sandbox was started since, by id. */
  async function startsSince(ms: number): Promise<ReadonlyMap<string, number>> {
    const since = new Date(ms - 1000).toISOString();
    const filters = ['--filter', 'event=start', '--filter', 'type=container'];
    const format = ['--format', '{{.ID}} {{.Name}}'];
    const { stdout } = await on.engine.podman('events', '--since', since, '--stream=false', ...filters, ...format);
    const starts = stdout
      .split('\n')
      .filter(line => line !== '' && !line.endsWith('-infra') && !line.includes('other'));
    const counts = new Map<string, number>();
    for (const line of starts) counts.set(line, (counts.get(line) ?? 0) + 1);
    return counts;
  }
});

/** An effect that is a call of the engine. */
function isCall(effect: string): boolean {
  return /^(POST|PUT|DELETE) /.test(effect);
}
