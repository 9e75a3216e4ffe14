import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readdir, utimes } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { freePort } from './host.ts';
import { cleanUps, eventually, type Host, host, listed, program } from './podstead.ts';

const pod = (name: string, says: string): string => `
apiVersion: v1
kind: Pod
metadata: { name: ${name} }
spec:
  terminationGracePeriodSeconds: 1
  volumes:
    - { name: scratch, emptyDir: {} }
    - { name: data, persistentVolumeClaim: { claimName: data } }
    - { name: conf, configMap: { name: conf } }
  containers:
    - name: main
      image: localhost/bb:1
      env: [{ name: SAYS, value: ${says} }]
      volumeMounts: [{ name: scratch, mountPath: /a }, { name: data, mountPath: /b }, { name: conf, mountPath: /c }]
    - { name: side, image: localhost/bb:1 }
---
apiVersion: v1
kind: ConfigMap
metadata: { name: conf }
data: { says: ${says} }
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: data }
spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
`;

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

/** What a phase leads to: how many containers there are, the bystander's aside, and which wish they show. */
interface Phase {
  readonly name: string;
  readonly files: Readonly<Record<string, string>>;
  readonly command: readonly string[];
  readonly says: Readonly<Record<string, string>>;
}

type Victim = 'program' | 'service';

describe('killed amid its work on a real engine', () => {
  const cleaning = cleanUps();
  let on: Host;
  let phases: readonly Phase[];
  const hiccups: string[] = [];
  /** Events of the engine in each phase, undisturbed. */
  const counts = new Map<string, number>();
  before(async () => {
    on = await host(cleaning);
    const port = await freePort();
    const apply = ['apply', on.source];
    phases = [
      { name: 'create', files: { 'web.yaml': pod('web', 'one'), 'dep.yaml': deployment('one', port) } },
      { name: 'change', files: { 'web.yaml': pod('web', 'two') } },
      { name: 'hand over', files: { 'dep.yaml': deployment('two', port) } },
      { name: 'down', files: {} },
    ].map(({ name, files }) => ({
      name,
      files,
      command:
        name === 'down'
          ? ['down', join(on.source, 'web.yaml'), join(on.source, 'dep.yaml'), '--volumes', 'data']
          : apply,
      says:
        {
          create: { 'web-main': 'one', dep: 'one' },
          change: { 'web-main': 'two', dep: 'one' },
          'hand over': { 'web-main': 'two', dep: 'two' },
        }[name] ?? {},
    }));
    await on.write({ 'other.yaml': bystander });
    assert.equal((await on.podstead(...apply)).code, 0);
  });

  test('the next run converges, leaks nothing, starts nothing twice and leaves what is beside it alone', async t => {
    const other = (await on.containers()).get('other-main');
    for (const phase of phases) counts.set(phase.name, (await pass(phase, undefined)).events);
    t.diagnostic(JSON.stringify(Object.fromEntries(counts)));
    let kills = 0;
    for (const share of [0, 0.25, 0.5, 0.75]) {
      for (const phase of phases) {
        const at = Math.floor((counts.get(phase.name) ?? 0) * share) + 1;
        if ((await pass(phase, { at, victim: 'program' })).killed) kills += 1;
      }
    }
    t.diagnostic(`the program was killed ${kills} times`);
    assert.ok(kills >= 12, `${kills} kills`);
    const now = (await on.containers()).get('other-main');
    assert.deepEqual([now?.Id, now?.StartedAt], [other?.Id, other?.StartedAt]);
  });

  // Fails about one time in three, at one of its eight kills.
  const todo =
    "a 4.3 killed amid a start can come back with another state in its database than the runtime has: 'runc start failed', or a port held by the pod's own sandbox";
  test("the same where the engine's service is killed", { todo }, async t => {
    let deaths = 0;
    for (const share of [0.2, 0.7]) {
      for (const phase of phases) {
        const at = Math.floor((counts.get(phase.name) ?? 0) * share) + 1;
        if ((await pass(phase, { at, victim: 'service' })).killed) deaths += 1;
      }
    }
    t.diagnostic(`the engine's service was killed ${deaths} times; ${hiccups.length} runs had to be repeated`);
    for (const hiccup of hiccups) t.diagnostic(hiccup);
    assert.ok(deaths >= 6, `${deaths} deaths`);
  });

  /** One phase: undisturbed, or killed at an event of the engine and then run again. */
  async function pass(
    phase: Phase,
    cut: { readonly at: number; readonly victim: Victim } | undefined,
  ): Promise<{ readonly events: number; readonly killed: boolean }> {
    await on.write(phase.files);
    const sinceMs = Date.now();
    const first = await runCut(phase.command, cut);
    if (cut !== undefined) {
      await age(join(on.state, 'podstead'));
      // A volume that is gone is an unknown name to `down`, as it is to `kubectl delete`.
      const isGone = (await on.engine.podman('volume', 'exists', 'data')).code !== 0;
      const known = phase.name === 'down' && isGone ? phase.command.slice(0, -2) : phase.command;
      let again = await on.podstead(...known);
      // 4.3 itself may come back with a container in a state that passes, and says so: an agent tries again, as here.
      for (let tries = 1; cut.victim === 'service' && again.code !== 0 && tries < 3; tries += 1) {
        hiccups.push(`${phase.name} at ${cut.at}: ${again.stderr}`);
        again = await on.podstead(...known);
      }
      assert.equal(again.code, 0, `${phase.name} after ${JSON.stringify(cut)}:\n${again.stderr}`);
    }
    await check(phase, `${phase.name} after ${JSON.stringify(cut)}`);
    const events = await eventsSince(sinceMs);
    if (phase.name === 'create') assert.ok(events.size >= 3, 'the events tell of the starts');
    for (const [id, count] of events) assert.equal(count, 1, `container ${id} was started ${count} times`);
    return first;
  }

  /** Runs a command; at the given event of the engine the victim gets SIGKILL. */
  async function runCut(
    command: readonly string[],
    cut: { readonly at: number; readonly victim: Victim } | undefined,
  ): Promise<{ readonly events: number; readonly killed: boolean }> {
    let events = 0;
    let killed = false;
    const stream = await follow(on.engine.socket, () => {
      events += 1;
      if (events !== cut?.at) return;
      killed = true;
      if (cut.victim === 'program') child.kill('SIGKILL');
      else process.kill(on.engine.pid(), 'SIGKILL');
    });
    const child = spawn('node', [program, ...command], {
      env: { ...process.env, ...on.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const pipe of [child.stdout, child.stderr])
      pipe.on('data', chunk => {
        output += chunk;
      });
    const ended = new Promise<void>(resolve => child.once('close', () => resolve()));
    if (cut?.victim === 'service') {
      await eventually(
        'the service was killed or the run has ended',
        () => killed || child.exitCode !== null,
        is => is,
      );
      await on.engine.stopService();
      await on.engine.startService();
    }
    await ended;
    if (cut === undefined) assert.equal(child.exitCode, 0, output);
    stream.end();
    return { events, killed };
  }

  /** Temporary files count as left behind once they are a minute old: makes those that are there so old. */
  async function age(directory: string): Promise<void> {
    const old = new Date(Date.now() - 3_600_000);
    for (const name of await readdir(directory, { recursive: true }))
      if (name.endsWith('.tmp')) await utimes(join(directory, name), old, old);
  }

  async function check({ says, command }: Phase, what: string): Promise<void> {
    const isDown = command[0] === 'down';
    const all = [...(await listed(on.engine, true)).values()];
    const mains = all.filter(({ IsInfra, Names }) => !IsInfra && Names[0] !== 'other-main');
    const names = mains.map(({ Names }) => (Names[0] ?? '').replace(/^dep-.*/, 'dep'));
    assert.deepEqual(names.sort(), isDown ? [] : ['dep', 'web-main', 'web-side'], what);
    assert.ok(
      all.every(({ State }) => State === 'running'),
      what,
    );
    for (const { Names } of mains) {
      const [name = ''] = Names;
      const want = says[name.replace(/^dep-.*/, 'dep')];
      if (want === undefined) continue;
      const { stdout } = await on.engine.podman('inspect', '--format', '{{.Config.Env}}', name);
      assert.match(stdout, new RegExp(`SAYS=${want}`), what);
    }
    const lines = async (...args: string[]): Promise<string[]> =>
      (await on.engine.podman(...args)).stdout.split('\n').filter(line => line !== '');
    assert.equal((await lines('pod', 'ps', '-q')).length, isDown ? 1 : 3, what);
    assert.equal((await lines('volume', 'ls', '-q')).length, isDown ? 0 : 2, what);
    assert.deepEqual((await lines('network', 'ls', '-q')).sort(), ['podman', 'podstead'], what);
    assert.equal((await lines('ps', '-aq', '--external')).length, isDown ? 2 : 7, what);

    const state = join(on.state, 'podstead');
    const entries = (await readdir(state, { recursive: true })).sort();
    assert.deepEqual(
      entries.filter(entry => /\.tmp$|\.lost$|\.\.new-/.test(entry)),
      [],
      what,
    );
    assert.equal(entries.filter(entry => /^pods\/.*\.json$/.test(entry)).length, isDown ? 1 : 3, what);
    assert.equal((await readdir(join(state, 'files'))).length, isDown ? 0 : 1, what);
    if (!isDown) {
      const plan = await on.podstead('plan', on.source);
      assert.equal(plan.code, 0, `${what}:\n${plan.stdout}`);
    }
  }

  /** How often each container that is not the sandbox was started since, by id. */
  async function eventsSince(ms: number): Promise<ReadonlyMap<string, number>> {
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

/** Calls back at each event of the engine that is a change of a container, pod or volume. */
function follow(socketPath: string, onEvent: () => void): Promise<{ end(): void }> {
  const filters = encodeURIComponent(JSON.stringify({ type: ['container', 'pod', 'volume'] }));
  return new Promise((resolve, reject) => {
    const path = `/v4.0.0/libpod/events?stream=true&since=${Date.now() / 1000}&filters=${filters}`;
    const sent = request({ socketPath, path, agent: false }, response => {
      response.on('data', (chunk: Buffer) => {
        for (const line of chunk.toString().split('\n')) if (line.trim() !== '') onEvent();
      });
      response.on('error', () => undefined);
    });
    sent.on('error', error => {
      if (!sent.destroyed) reject(error);
    });
    // The head of the reply comes with the first event in 4.3.
    sent.flushHeaders();
    sent.end(() => setTimeout(() => resolve({ end: () => void sent.destroy() }), 100));
  });
}
