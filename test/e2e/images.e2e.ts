import assert from 'node:assert/strict';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { registry } from './host.ts';
import { cleanUps, eventually, type Host, host, writeFiles } from './podstead.ts';

const pod = (name: string, image: string, more = ''): string => `
apiVersion: v1
kind: Pod
metadata: { name: ${name} }
spec:
  terminationGracePeriodSeconds: 1
${more}  containers:
    - { name: main, image: '${image}', command: [sh, -c, 'cat /motd; sleep 10000'] }
`;

describe('podstead builds and pulls before it touches anything', () => {
  const cleaning = cleanUps();
  let on: Host;
  before(async () => {
    on = await host(cleaning);
  });

  const log = async (name: string): Promise<string> => (await on.engine.podman('logs', name)).stdout;

  test('an image is built from the directory of its name, once', async () => {
    await on.write({
      'web.yaml': pod('web', 'localhost/site:1'),
      'site/Containerfile': 'FROM localhost/bb:1\nCOPY motd /motd\n',
      'site/motd': 'one',
    });
    const first = await on.podstead('apply', on.source);
    assert.equal(first.code, 0, first.stderr);
    assert.match(first.stderr, /Built localhost\/site:1/);
    assert.equal(await log('web-main'), 'one');
    const second = await on.podstead('plan', on.source);
    assert.equal(second.code, 0, second.stdout);
  });

  test('a changed file rebuilds it and the pods that use it follow', async () => {
    await on.write({ 'site/motd': 'two' });
    const changed = await on.podstead('apply', on.source);
    assert.equal(changed.code, 0, changed.stderr);
    assert.equal(await log('web-main'), 'two');
    assert.equal((await on.podstead('plan', on.source)).code, 0);
  });

  test('what .containerignore leaves out rebuilds nothing', async () => {
    await on.write({ 'site/.containerignore': 'notes\n' });
    assert.equal((await on.podstead('apply', on.source)).code, 0);
    await on.write({ 'site/notes': 'anything' });
    const plan = await on.podstead('plan', on.source);
    assert.equal(plan.code, 0, plan.stdout + plan.stderr);
  });

  test('a Containerfile that fails leaves what runs alone, and its last words are shown', async () => {
    const before = (await on.containers()).get('web-main')?.Id;
    await on.write({
      'site/Containerfile': 'FROM localhost/bb:1\nRUN echo no good; exit 3\n',
      'b.yaml': pod('b', 'localhost/bb:1'),
    });
    const failed = await on.podstead('apply', on.source);
    assert.equal(failed.code, 1);
    assert.match(failed.stderr, /exit status 3|no good/);
    assert.equal((await on.containers()).get('web-main')?.Id, before);
    assert.equal((await on.containers()).get('b-main')?.State, 'running');
    await rm(join(on.source, 'b.yaml'));
    await on.write({ 'site/Containerfile': 'FROM localhost/bb:1\nCOPY motd /motd\n' });
    assert.equal((await on.podstead('apply', on.source, '--prune')).code, 0);
  });

  test('images that do not exist say so, and nothing that runs is touched', async () => {
    const before = (await on.containers()).get('web-main')?.Id;
    await on.write({ 'web.yaml': pod('web', 'localhost/nowhere:1') });
    const failed = await on.podstead('apply', on.source);
    assert.equal(failed.code, 1);
    assert.match(failed.stderr, /nowhere:1/);
    assert.equal((await on.containers()).get('web-main')?.Id, before);
    await on.write({ 'web.yaml': pod('web', 'localhost/site:1') });
    assert.equal((await on.podstead('apply', on.source)).code, 0);
  });

  test('it pulls from a registry with credentials out of imagePullSecrets, and says when it is refused', async t => {
    const server = await registry(t, { htpasswd: { user: 'ann', password: 'pa55-w0rd' } });
    const image = `${server.host}/team/bb:1`;
    const push = await on.engine.podman(
      'push',
      '--tls-verify=false',
      '--creds',
      'ann:pa55-w0rd',
      'localhost/bb:1',
      image,
    );
    assert.equal(push.code, 0, push.stderr);
    await on.write({ 'p.yaml': pod('p', image) });
    const refused = await on.podstead('apply', on.source);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /unauthorized.*Log in with "podstead image login"/);
    assert.equal((await on.containers()).get('web-main')?.State, 'running');
    const configWith = (password: string): string => {
      const auth = Buffer.from(`ann:${password}`).toString('base64');
      return JSON.stringify({ auths: { [server.host]: { auth } } });
    };
    const filesWith = (config: string): Readonly<Record<string, string>> => ({
      'p.yaml': pod('p', image, '  imagePullSecrets: [{ name: team }]\n'),
      'team.yaml': `apiVersion: v1\nkind: Secret\nmetadata: { name: team }\ntype: kubernetes.io/dockerconfigjson\nstringData: { .dockerconfigjson: '${config}' }\n`,
    });
    await on.write(filesWith(configWith('wr0ng')));
    const wrong = await on.podstead('apply', on.source);
    assert.match(wrong.stderr, /Correct the user name and password that were given for it/);
    assert.doesNotMatch(wrong.stderr, /wr0ng/);
    const config = configWith('pa55-w0rd');
    await on.write(filesWith(config));
    const pulled = await on.podstead('apply', on.source);
    assert.equal(pulled.code, 0, pulled.stderr);
    await eventually(
      'p runs',
      async () => (await on.containers()).get('p-main')?.State,
      state => state === 'running',
    );
    assert.doesNotMatch(refused.stderr + pulled.stderr, /pa55-w0rd/);
    // The same by auth.json, as `podman login` leaves it.
    await on.engine.podman('pod', 'rm', '-f', '-t', '0', 'p');
    await on.engine.podman('rmi', '-f', image);
    await on.write({ 'p.yaml': pod('p', image) });
    await rm(join(on.source, 'team.yaml'));
    assert.equal((await on.podstead('apply', on.source, '--prune')).code, 1, 'without credentials it is refused');
    await writeFiles(on.engine.home, { '.config/containers/auth.json': config });
    const loggedIn = await on.podstead('apply', on.source);
    assert.equal(loggedIn.code, 0, loggedIn.stderr);
    assert.equal((await on.podstead('plan', on.source)).code, 0);
    await rm(join(on.source, 'p.yaml'));
    assert.equal((await on.podstead('apply', on.source, '--prune')).code, 0);
  });

  test('an image that no registry has is told once by each pod that needs it, and counted so', async t => {
    const server = await registry(t);
    const image = `${server.host}/team/bb:tpyo`;
    const files = { 'p.yaml': pod('p', image), 'q.yaml': pod('q', image) };
    const dir = join(on.source, '../typo');
    await writeFiles(dir, files);
    const one = await on.podstead('apply', join(dir, 'p.yaml'));
    assert.equal(one.code, 1);
    assert.equal(one.stderr.split('manifest unknown: manifest unknown').length - 1, 1, one.stderr);
    assert.match(one.stderr, /^(\d unchanged; )?1 failed$/m);
    const both = await on.podstead('apply', dir);
    assert.equal(both.stderr.match(/^✘ Pod\/default\/[pq] not created: /gm)?.length, 2, both.stderr);
    assert.doesNotMatch(both.stderr, /is pulled by its name|Nothing to do/);
    assert.match(both.stderr, /^(\d unchanged; )?2 failed$/m);
    const { failures, notices } = JSON.parse((await on.podstead('apply', dir, '-o', 'json')).stdout);
    assert.deepEqual(failures.map(({ key, code }: Record<string, string>) => [key, code]).sort(), [
      ['Pod/default/p', 'IMAGE_NOT_FOUND'],
      ['Pod/default/q', 'IMAGE_NOT_FOUND'],
    ]);
    assert.deepEqual(notices, []);
    const pulled = await on.podstead('image', 'pull', dir);
    assert.equal(pulled.stderr.split('\n').filter(line => line.includes(image)).length, 1, pulled.stderr);
    assert.match(pulled.stderr, /^(\d unchanged; )?1 failed$/m);
    // Of what is refused the notice tells more: who asked.
    const closed = await registry(t, { htpasswd: { user: 'ann', password: 'pa55-w0rd' } });
    await writeFiles(dir, { 'p.yaml': pod('p', `${closed.host}/team/bb:1`) });
    assert.match((await on.podstead('apply', join(dir, 'p.yaml'))).stderr, /is pulled by its name.*answers 401/);
  });

  test('a Dockerfile is built as well, on a base image of a registry that wants credentials', async t => {
    const server = await registry(t, { htpasswd: { user: 'ann', password: 'pa55-w0rd' } });
    const base = `${server.host}/team/base:1`;
    const push = ['push', '--tls-verify=false', '--creds', 'ann:pa55-w0rd', 'localhost/bb:1', base];
    assert.equal((await on.engine.podman(...push)).code, 0);
    await rm(join(on.engine.home, '.config/containers/auth.json'), { force: true });
    await on.write({
      'made.yaml': pod('made', 'localhost/made:1'),
      'made/Dockerfile': `FROM ${base}\nRUN echo built > /motd\n`,
    });
    const refused = await on.podstead('apply', on.source);
    assert.equal(refused.code, 1, refused.stderr);
    assert.match(refused.stderr, /Cannot build "localhost\/made:1".*(refused|unauthorized|authentication)/i);
    const auth = Buffer.from('ann:pa55-w0rd').toString('base64');
    const config = JSON.stringify({ auths: { [server.host]: { auth } } });
    await on.write({
      'made.yaml': pod('made', 'localhost/made:1', '  imagePullSecrets: [{ name: team }]\n'),
      'team.yaml': `apiVersion: v1\nkind: Secret\nmetadata: { name: team }\ntype: kubernetes.io/dockerconfigjson\nstringData: { .dockerconfigjson: '${config}' }\n`,
    });
    const built = await on.podstead('apply', on.source);
    assert.equal(built.code, 0, built.stderr);
    assert.equal(await log('made-main'), 'built\n');
    assert.doesNotMatch(refused.stderr + built.stderr, /pa55-w0rd/);
    for (const name of ['made.yaml', 'team.yaml', 'made']) await rm(join(on.source, name), { recursive: true });
    assert.equal((await on.podstead('apply', on.source, '--prune')).code, 0);
  });

  test('pull policy Never does not ask a registry', async () => {
    await on.write({
      'never.yaml': pod('never', 'localhost/absent:1').replace('image:', 'imagePullPolicy: Never, image:'),
    });
    const failed = await on.podstead('apply', on.source);
    assert.equal(failed.code, 1);
    assert.match(failed.stderr, /Never/);
  });

  test('a build follows in the loop', async () => {
    await rm(join(on.source, 'never.yaml'), { force: true });
    const agent = await on.start();
    await mkdir(join(on.source, 'site'), { recursive: true });
    await on.write({ 'site/motd': 'three' });
    await eventually(
      'the new image runs',
      () => log('web-main'),
      text => text === 'three',
    );
    assert.equal(await agent.stop(), 0);
  });
});
