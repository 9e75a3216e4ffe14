import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { freePort, run } from './host.ts';
import { cleanUps, eventually, type Host, host, listed } from './podstead.ts';
import { runtimeShim, type Shim, type Trap } from './runtime-shim.ts';

/** `npm run test:long` sets it above 1. */
const isLong = Number(process.env.TEST_SCALE ?? 1) > 1;

const web = (says: string, port: number): string => `
apiVersion: v1
kind: Pod
metadata: { name: web }
spec:
  terminationGracePeriodSeconds: 1
  volumes: [{ name: scratch, emptyDir: {} }]
  containers:
    - name: main
      image: localhost/bb:1
      env: [{ name: SAYS, value: ${says} }]
      ports: [{ containerPort: 80, hostPort: ${port}, hostIP: 127.0.0.1 }]
      volumeMounts: [{ name: scratch, mountPath: /a }]
`;

type Step = 'create' | 'change' | 'down';

/** What 4.3 comes back with, and whether `npm test` tries it too. */
type Case = readonly [step: Step, trap: Trap, left: string, always?: 'always'];

const at = (when: Trap['when'], command: Trap['command'], skip = 0): Trap => ({ when, command, skip });

/** In a creation the sandbox's command comes first; in a removal its containers' do. */
const cases: readonly Case[] = [
  ['create', at('before', 'create'), 'nothing of the sandbox'],
  ['create', at('after', 'create'), 'a sandbox that its database does not know, and which holds its port', 'always'],
  ['create', at('before', 'create', 1), 'a sandbox that runs'],
  ['create', at('after', 'create', 1), 'a container that its database does not know', 'always'],
  ['create', at('before', 'start'), 'a sandbox that is made'],
  ['create', at('after', 'start'), 'a sandbox that runs and is taken for made', 'always'],
  ['create', at('before', 'start', 1), 'a container that is made'],
  ['create', at('after', 'start', 1), 'a container that runs and is taken for made', 'always'],
  ['change', at('before', 'kill'), 'a container that is being stopped by nobody', 'always'],
  ['change', at('after', 'kill'), 'a container that has had its signal'],
  ['change', at('before', 'delete'), 'a container that has ended'],
  ['change', at('after', 'delete'), 'a container that its runtime forgot'],
  ['down', at('before', 'kill'), 'a container that is being stopped by nobody'],
  ['down', at('after', 'kill'), 'a container that has had its signal'],
  ['down', at('before', 'kill', 1), 'a sandbox that is being stopped by nobody', 'always'],
  ['down', at('before', 'delete'), 'a container that has ended'],
  ['down', at('after', 'delete', 1), 'a pod that has lost its sandbox'],
];

describe('an engine that died beside a command of its runtime is put right by the next run, where it left', () => {
  const cleaning = cleanUps();
  let on: Host;
  let shim: Shim;
  let port: number;
  before(async () => {
    on = await host(cleaning);
    port = await freePort();
    shim = await runtimeShim(on);
  });

  for (const [step, trap, left, always] of cases.filter(each => isLong || each[3] === 'always')) {
    const { when, command, skip } = trap;
    test(`${left} (${step}: ${when} ${command} ${skip + 1}${always ? '' : ', long'})`, async () => {
      const source = join(on.source, 'web.yaml');
      await on.write({ 'web.yaml': web('one', port) });
      if (step !== 'create') assert.equal((await on.podstead('apply', source)).code, 0);
      if (step === 'change') await on.write({ 'web.yaml': web('two', port) });
      const volumes = step === 'change' ? await volumesOf(on) : undefined;
      const verb = step === 'down' ? 'down' : 'apply';
      await shim.set(trap);
      const work = on.podstead(verb, source);
      assert.ok(await shim.sprung(work), 'the service was killed');
      const first = await work;
      const again = await on.podstead(verb, source);
      assert.equal(again.code, 0, `${first.stderr}\n${again.stderr}`);
      if (step !== 'down') {
        const states = [...(await listed(on.engine, true))].map(([name, { State }]) => `${name} ${State}`).sort();
        assert.deepEqual(states, ['infra:web running', 'web-main running']);
        const { stdout } = await on.engine.podman('inspect', '--format', '{{.Config.Env}}', 'web-main');
        assert.match(stdout, step === 'create' ? /SAYS=one/ : /SAYS=two/);
        if (volumes !== undefined) assert.deepEqual(await volumesOf(on), volumes, 'the emptyDir is the one it was');
        assert.equal((await on.podstead('plan', source)).code, 0);
      }
      const down = await on.podstead('down', source);
      assert.equal(down.code, 0, down.stderr);
      const left = async (...args: string[]): Promise<string> => (await on.engine.podman(...args)).stdout.trim();
      assert.deepEqual(
        [await left('ps', '-aq'), await left('pod', 'ps', '-q'), await left('volume', 'ls', '-q')],
        ['', '', ''],
      );
      await eventually(
        'no conmon is left',
        () => conmons(on),
        found => found === 0,
      );
    });
  }

  test('an empty pod (its removal: between the last two of the deletions, of the sandbox and of itself)', async t => {
    const source = join(on.source, 'web.yaml');
    const { podman } = on.engine;
    const of = async (format: string): Promise<string> => (await podman('pod', 'inspect', 'web', '-f', format)).stdout;
    await on.write({ 'web.yaml': web('one', port) });
    // How many of the runtime's commands come before depends on who is quicker, the service or conmon's own clean-up.
    for (let tries = 0; (await of('{{.InfraContainerID}} {{len .Containers}}')) !== ' 1\n'; tries += 1) {
      // 5.4 was not seen to let go of the sandbox first; nor is 4.3 always, on a busy machine.
      if (tries === 6) return t.skip('the engine was not caught between the two in 6 tries');
      assert.equal((await on.podstead('apply', source)).code, 0);
      await shim.set(at('before', 'delete', 1));
      const removal = run('podman', ['--url', on.engine.url, 'pod', 'rm', '-f', '-t', '0', 'web']);
      await shim.sprung(removal);
      await removal;
    }
    // This is what the service does next; it cannot be caught a moment later.
    const removed = await podman('rm', '-f', (await podman('ps', '-aq', '--no-trunc')).stdout.trim());
    assert.equal(removed.code, 0, removed.stderr);
    assert.equal(await of('{{len .Containers}}'), '0\n');
    const down = await on.podstead('down', source);
    assert.equal(down.code, 0, down.stderr);
    assert.equal((await podman('pod', 'ps', '-q')).stdout, '');
  });
});

async function volumesOf(on: Host): Promise<string> {
  return (await on.engine.podman('volume', 'ls', '--format', '{{.Name}} {{.CreatedAt}}')).stdout;
}

async function conmons(on: Host): Promise<number> {
  const pids = (await readdir('/proc')).filter(name => /^\d+$/.test(name));
  const commands = await Promise.all(pids.map(pid => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')));
  return commands.filter(command => /^[^\0]*conmon\0/.test(command) && command.includes(on.engine.root)).length;
}
