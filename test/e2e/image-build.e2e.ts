import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { create } from 'tar';
import { buildah, factsOf } from './buildah.ts';
import { registry } from './host.ts';
import { cleanUps, eventually, type Host, host, writeFiles } from './podstead.ts';

const head = (name: string): string =>
  `apiVersion: podstead.dev/v1alpha1\nkind: ImageBuild\nmetadata: {name: ${name}}\nspec:\n`;

const pod = `
apiVersion: v1
kind: Pod
metadata: { name: web }
spec:
  terminationGracePeriodSeconds: 1
  containers:
    - { name: main, image: 'site:1', command: [sh, -c, 'cat /motd; sleep 10000'] }
`;

describe('an ImageBuild', () => {
  const cleaning = cleanUps();
  let on: Host;
  before(async () => {
    on = await host(cleaning);
  });
  const inside = async (image: string, command: string): Promise<string> =>
    (await on.engine.podman('run', '--rm', '--entrypoint', '["sh","-c"]', image, command)).stdout;
  const judge = async (...args: string[]): Promise<string> => {
    const ran = await buildah(on.engine, ...args);
    assert.equal(ran.code, 0, `buildah ${args.join(' ')}: ${ran.stderr}`);
    return ran.stdout.trim();
  };

  test('config sets all that buildah config sets, to the same', async () => {
    const file = join(on.source, '../config.yaml');
    await writeFiles(on.source, {
      '../config.yaml': `${head('config')}  steps:
  - from: {image: localhost/bb:1}
  - config:
      author: Ann <ann@example.com>
      env: {GREETING: 'say "hi"', PRICE: $$5, MORE: '$PATH:/opt'}
      labels: {a: b=c, words: with spaces}
      workingDir: /srv
      user: app
      ports: ['8080', 53/udp]
      volumes: [/data]
      stopSignal: SIGINT
      entrypoint: [/bin/sh, -c]
      cmd: [ls /]
      healthcheck: {command: [/bin/true, now], interval: 7s, timeout: 2s, startPeriod: 3s, retries: 4}
      onbuild: [RUN echo built]
  - commit: {tags: [localhost/ours:1]}
`,
    });
    const ours = await on.podstead('build', file);
    assert.equal(ours.code, 0, ours.stderr);
    const container = await judge('from', 'localhost/bb:1');
    const flags = ['--author', 'Ann <ann@example.com>', '--env', 'GREETING=say "hi"'].concat(
      ['--env', 'MORE=/bin:/opt', '--label', 'a=b=c', '--label', 'words=with spaces', '--workingdir', '/srv'],
      ['--user', 'app', '--port', '8080/tcp', '--port', '53/udp', '--volume', '/data', '--stop-signal', 'SIGINT'],
      ['--entrypoint', '["/bin/sh","-c"]', '--cmd', '"ls /"', '--onbuild', 'RUN echo built'],
      ['--healthcheck', 'CMD /bin/true now', '--healthcheck-interval', '7s', '--healthcheck-timeout', '2s'],
      ['--healthcheck-start-period', '3s', '--healthcheck-retries', '4'],
    );
    await judge('config', ...flags, container);
    await judge('commit', '--format', 'docker', '--rm', container, 'localhost/theirs:1');
    const plain = ({ config, author }: Awaited<ReturnType<typeof factsOf>>): unknown => {
      const { Env, Labels, ...rest } = config;
      const { 'podstead.dev/context': digest, ...labels } = Labels as Readonly<Record<string, string>>;
      return {
        ...rest,
        Env: (Env as readonly string[]).filter(each => each !== 'PRICE=$5').toSorted(),
        labels,
        author,
      };
    };
    assert.deepEqual(
      plain(await factsOf(on.engine, 'localhost/ours:1')),
      plain(await factsOf(on.engine, 'localhost/theirs:1')),
    );
  });

  test('copy, add and run do as they say; each step is cached by what went into it', async t => {
    const server = createServer((_, response) => response.end('from the web'));
    await new Promise<void>(done => server.listen(0, '127.0.0.1', done));
    t.after(() => server.close());
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const dir = join(on.source, '../steps');
    await writeFiles(dir, { 'in/a.txt': 'a', 'in/b.txt': 'b', 'in/deep/c.yaml': 'no: manifest', 'in/packed/p': 'p' });
    await create({ cwd: join(dir, 'in/packed'), file: join(dir, 'in/p.tar.gz'), gzip: true }, ['p']);
    await writeFiles(dir, {
      'build.yaml': `${head('steps')}  context: in
  steps:
  - from: {image: localhost/bb:1, as: base}
  - run: {script: "mkdir /made\\necho one > /made/one\\n"}
  - from: {image: localhost/bb:1}
  - copy: {from: base, sources: [/made/one], to: /one}
  - copy: {sources: [a.txt, deep], to: /srv/, chown: 'app:app', chmod: '0640'}
  - copy: {sources: [b.txt], to: /b.txt}
  - add: {sources: [p.tar.gz], to: /unpacked/}
  - add: {sources: ['http://127.0.0.1:${port}/web.txt'], to: /web.txt}
  - run: {command: [cp, /b.txt, /b 2]}
  - commit: {tags: [localhost/steps:1]}
`,
    });
    const build = async (): Promise<readonly boolean[]> => {
      const ran = await on.podstead('build', join(dir, 'build.yaml'), '-o', 'json');
      assert.equal(ran.code, 0, ran.stderr);
      return JSON.parse(ran.stdout).steps.map((step: { readonly cached: boolean }) => step.cached);
    };
    await build();
    assert.equal(await inside('localhost/steps:1', 'cat /one "/b 2" /unpacked/p /web.txt'), 'one\nbpfrom the web');
    assert.equal(await inside('localhost/steps:1', 'stat -c "%U %a" /srv/a.txt; ls /srv'), 'app 640\na.txt\nc.yaml\n');
    // The base, seven steps, and the label that an agent looks for.
    assert.deepEqual((await build()).slice(-8), [false, true, true, true, true, true, true, true]);
    await writeFiles(dir, { 'in/b.txt': 'B' });
    assert.deepEqual((await build()).slice(-8), [false, true, true, false, false, false, false, false]);
    assert.equal(await inside('localhost/steps:1', 'cat "/b 2"'), 'B');
  });

  test('a step that fails is told with its file and line', async () => {
    const text = `${head('failing')}  steps:\n  - from: {image: localhost/bb:1}\n\n  - run: {script: echo why; exit 4}\n  - commit: {tags: [x]}\n`;
    await writeFiles(on.source, { '../failing.yaml': text });
    const ran = await on.podstead('build', join(on.source, '../failing.yaml'));
    assert.equal(ran.code, 1);
    assert.match(ran.stderr, /failing\.yaml:8: STEP 2\/3: RUN echo why; exit 4\nwhy\n.*exit status 4/s);
    await writeFiles(on.source, { '../wrong.yaml': text.replace('script', 'scrpt') });
    const wrong = await on.podstead('build', join(on.source, '../wrong.yaml'));
    assert.equal(wrong.code, 1);
    assert.match(wrong.stderr, /wrong\.yaml:8:\d+.*scrpt.*Did you mean "script"/s);
  });

  test('it is pushed where it says so, and gives the same digest twice with a timestamp', async t => {
    const server = await registry(t);
    const text = `${head('pushed')}  steps:
  - from: {image: localhost/bb:1}
  - run: {script: echo x > /x}
  - commit: {tags: [localhost/pushed:1], timestamp: 1700000000}
  - push: {to: ['docker://${server.host}/team/pushed:1'], tlsVerify: false}
`;
    await writeFiles(on.source, { '../pushed.yaml': text });
    const digests = [];
    for (let turn = 0; turn < 2; turn++) {
      const ran = await on.podstead('build', '--no-cache', '-o', 'json', join(on.source, '../pushed.yaml'));
      assert.equal(ran.code, 0, ran.stderr);
      assert.match(ran.stderr, /Pushed docker:\/\/127/);
      digests.push(JSON.parse(ran.stdout).digest);
    }
    assert.equal(digests[0], digests[1]);
    const found = await on.podstead('image', 'inspect', '--tls-verify=false', `docker://${server.host}/team/pushed:1`);
    assert.equal(found.code, 0, found.stderr);
  });

  test('what a manifest names is built by it, and pods follow its files and its steps', async () => {
    const build = `${head('site')}  context: site\n  steps:\n  - from: {image: localhost/bb:1}\n  - copy: {sources: [motd], to: /motd}\n  - commit: {tags: [localhost/site:1]}\n`;
    await on.write({ 'web.yaml': pod, 'site.yaml': build, 'site/motd': 'one', 'site/other.yaml': 'no: manifest' });
    const log = async (): Promise<string> => (await on.engine.podman('logs', 'web-main')).stdout;
    const apply = async (): Promise<void> => {
      const ran = await on.podstead('apply', on.source);
      assert.equal(ran.code, 0, ran.stderr);
    };
    await apply();
    assert.equal(await log(), 'one');
    assert.equal((await on.podstead('plan', on.source)).code, 0);
    await on.write({ 'site/motd': 'two' });
    await apply();
    assert.equal(await log(), 'two');
    await on.write({ 'site.yaml': build.replace('  - commit', '  - run: {script: echo three > /motd}\n  - commit') });
    const agent = await on.start();
    await eventually('the new step is seen', log, text => text === 'three\n');
    assert.equal(await agent.stop(), 0);
    const before = (await on.containers()).get('web-main')?.Id;
    await on.write({ 'site.yaml': build.replace('], to:', '], too:') });
    const broken = await on.podstead('apply', on.source);
    assert.equal(broken.code, 1);
    await on.write({ 'site.yaml': build.replace('sources', 'source') });
    const refused = await on.podstead('apply', on.source);
    assert.match(refused.stderr, /Cannot build 'site:1': its ImageBuild has errors/);
    assert.equal((await on.containers()).get('web-main')?.Id, before);
    await rm(join(on.source, 'web.yaml'));
  });
});
