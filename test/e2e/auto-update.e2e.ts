import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { type Registry, registry } from './host.ts';
import { cleanUps, type Host, host, writeFiles } from './podstead.ts';

const auto = 'io.containers.autoupdate';
const container = (name: string, image: string): string =>
  `{ name: ${name}, image: '${image}', command: [sleep, '9000'] }`;
const pod = (name: string, annotations: string, ...containers: readonly string[]): string => `
apiVersion: v1
kind: Pod
metadata: { name: ${name}, annotations: { ${annotations} } }
spec: { terminationGracePeriodSeconds: 0, containers: [${containers.join(', ')}] }
`;

describe('containers follow the images behind their names', () => {
  const clean = cleanUps();
  let on: Host;
  let server: Registry;
  let image: string;

  before(async () => {
    on = await host(clean);
    server = await registry(clean);
    image = `${server.host}/team/app:1`;
    await made('localhost/one:1', 'FROM localhost/bb:1\nLABEL v=1\n');
    await made('localhost/two:1', 'FROM localhost/bb:1\nLABEL v=2\n');
    await made('localhost/broken:1', 'FROM scratch\nCOPY Containerfile /\n');
    await push('localhost/one:1');
    await podman('tag', 'localhost/one:1', 'localhost/here:1');
    await on.write({
      'web.yaml': pod('web', `${auto}/main: registry`, container('main', image), container('side', image)),
      'plain.yaml': pod('plain', `${auto}: disabled`, container('main', image)),
      'here.yaml': pod('here', `${auto}: local`, container('main', 'localhost/here:1')),
    });
    const applied = await on.podstead('apply', on.source);
    assert.equal(applied.code, 0, applied.stderr);
    assert.doesNotMatch(applied.stderr, /warning/);
  });

  const podman = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await on.engine.podman(...args);
    assert.equal(code, 0, stderr);
    return stdout.trim();
  };
  const made = async (name: string, containerfile: string): Promise<void> => {
    const dir = join(on.source, '..', name.replaceAll(/\W/g, '-'));
    await writeFiles(dir, { Containerfile: containerfile });
    await podman('build', '--quiet', '-t', name, dir);
  };
  const push = (from: string): Promise<string> =>
    podman('push', '--quiet', '--tls-verify=false', from, `docker://${image}`);
  const ids = async (): Promise<Readonly<Record<string, string>>> =>
    Object.fromEntries([...(await on.containers())].map(([name, { Id }]) => [name, Id]));
  /** Which containers are others than before. */
  const replaced = async (before: Readonly<Record<string, string>>): Promise<readonly string[]> =>
    Object.entries(await ids()).flatMap(([name, id]) => (before[name] === id ? [] : name));
  const runsFrom = async (name: string, wanted: string): Promise<void> =>
    assert.equal(
      await podman('inspect', '--format', '{{.State.Running}} {{.Image}}', name),
      `true ${await podman('image', 'inspect', '--format', '{{.Id}}', wanted)}`,
    );
  /** As if the registry had last been asked two days ago. */
  const makeDue = async (): Promise<void> => {
    const dir = join(on.state, 'podstead', 'pods');
    for (const file of await readdir(dir)) {
      const text = await readFile(join(dir, file), 'utf8');
      const earlier = text.replaceAll(
        /("askedAtMs": )(\d+)/g,
        (_, name, ms) => `${name}${Number(ms) - 2 * 86_400_000}`,
      );
      await writeFile(join(dir, file), earlier);
    }
  };
  const assertAtRest = async (): Promise<void> => {
    const plan = await on.podstead('plan', on.source);
    assert.equal(plan.code, 0, plan.stdout + plan.stderr);
  };

  test("the second plan is empty, also while the registry has another image; Podman's own timer finds nothing", async () => {
    await assertAtRest();
    await push('localhost/two:1');
    await assertAtRest();
    const all = [...(await on.containers()).values()];
    assert.deepEqual(
      all.filter(({ Labels }) => Labels[auto] !== undefined),
      [],
    );
    assert.equal(await podman('auto-update', '--dry-run', '--format', '{{.Container}}'), '');
  });

  test('once it is due, what the registry has replaces the container that follows it, and no other', async () => {
    const before = await ids();
    await makeDue();
    const planned = await on.podstead('plan', on.source);
    assert.equal(planned.code, 2, planned.stdout);
    assert.match(planned.stdout, /\? check +Image\/-\/.*\n.*was not asked for a newer image since .*\n +pull /);
    const ran = await on.podstead('run', on.source, '--once');
    assert.equal(ran.code, 0, ran.stderr);
    assert.deepEqual(await replaced(before), ['web-main']);
    await runsFrom('web-main', 'localhost/two:1');
    await runsFrom('web-side', 'localhost/one:1');
    await runsFrom('plain-main', 'localhost/one:1');
    await assertAtRest();
  });

  test('an image of this host that gets the name replaces the container that follows it, by apply alone', async () => {
    const before = await ids();
    await podman('tag', 'localhost/two:1', 'localhost/here:1');
    const diff = await on.podstead('diff', on.source);
    assert.match(diff.stdout, /containers\.main\.image[\s\S]*live: /);
    const applied = await on.podstead('apply', on.source);
    assert.equal(applied.code, 0, applied.stderr);
    assert.deepEqual(await replaced(before), ['here-main']);
    await runsFrom('here-main', 'localhost/two:1');
    await assertAtRest();
  });

  test('one that cannot be started from the newer image goes back to the one before, and is not tried again', async () => {
    await push('localhost/broken:1');
    await makeDue();
    const before = await ids();
    const ran = await on.podstead('run', on.source, '--once');
    assert.match(ran.stderr, /cannot be started from its newer image/);
    assert.deepEqual(await replaced(before), ['web-main']);
    await runsFrom('web-main', 'localhost/two:1');
    await assertAtRest();
    const again = await ids();
    await makeDue();
    assert.equal((await on.podstead('run', on.source, '--once')).code, 0);
    assert.deepEqual(await replaced(again), []);
  });

  test('a registry that is down costs a message', async () => {
    await server.stop();
    await makeDue();
    const before = await ids();
    const ran = await on.podstead('run', on.source, '--once');
    assert.equal(ran.code, 1, ran.stderr);
    assert.match(ran.stderr, /pull.*failed.*Cannot pull/);
    assert.deepEqual(await replaced(before), []);
    const never = await on.podstead('run', on.source, '--once', '--check-images', '0');
    assert.equal(never.code, 0, never.stderr);
  });
});
