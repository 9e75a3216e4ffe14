import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { cleanUps, eventually, runningWith, writeFiles } from './podstead.ts';
import { type RootlessHost, rootlessHost } from './rootless.ts';

const imageBuild = `apiVersion: podstead.dev/v1alpha1
kind: ImageBuild
metadata: { name: site }
spec:
  context: files
  steps:
  - from: { image: localhost/bb:1, as: made }
  - run: { script: id -u > /id }
  - from: { image: localhost/bb:1 }
  - copy: { from: made, sources: [/id], to: /id }
  - copy: { sources: [words], to: /srv/words, chown: 'app:app', chmod: '0640' }
  - run: { script: chmod 1777 /tmp }
  - config: { user: app, workingDir: /srv }
  - run: { script: cat words > /tmp/read }
  - commit: { tags: ['localhost/site:1'] }
`;

const pods = `apiVersion: v1
kind: Pod
metadata: { name: declared }
spec:
  terminationGracePeriodSeconds: 0
  containers: [{ name: main, image: 'localhost/site:1', command: [sh, -c, 'cat /srv/words; exec sleep 10000'] }]
---
apiVersion: v1
kind: Pod
metadata: { name: beside }
spec:
  terminationGracePeriodSeconds: 0
  containers: [{ name: main, image: 'localhost/near:1', command: [sh, -c, 'cat /motd; exec sleep 10000'] }]
`;

describe('builds of an ordinary user', () => {
  const cleaning = cleanUps();
  let on: RootlessHost;
  let dir = '';
  before(async () => {
    on = await rootlessHost(cleaning);
    dir = join(on.source, '..', 'work');
  });

  const podstead = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await on.podstead(...args);
    assert.equal(code, 0, `podstead ${args.join(' ')}: ${stdout}${stderr}`);
    return stdout;
  };
  const podman = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await on.podman(...args);
    assert.equal(code, 0, `podman ${args.join(' ')}: ${stderr}`);
    return stdout;
  };
  const inside = (image: string, command: string): Promise<string> =>
    podman('run', '--rm', '--network', 'none', '--entrypoint', '["sh","-c"]', image, command);

  test('build makes an image of stages, arguments and a secret, and finds its steps again', async () => {
    await writeFiles(dir, {
      'one/Containerfile': `FROM localhost/bb:1 AS made
ARG WORD
RUN --mount=type=secret,id=token cat /run/secrets/token | wc -c > /length
RUN echo $WORD > /word
FROM localhost/bb:1
COPY --from=made --chown=app:app /length /word /srv/
USER app
`,
      token: 'hush-hush',
    });
    const args = ['--build-arg', 'WORD=said', '--secret', `id=token,src=${join(dir, 'token')}`].concat(
      ...['-t', 'localhost/one:1', join(dir, 'one'), '-o', 'json'],
    );
    const steps = async (): Promise<readonly boolean[]> => {
      const made = JSON.parse(await podstead('build', ...args)) as { steps: { cached: boolean }[] };
      return made.steps.map(({ cached }) => cached);
    };
    await steps();
    assert.equal(
      await inside('localhost/one:1', 'cat /srv/length /srv/word; stat -c %U /srv/word; id -u'),
      '9\nsaid\napp\n1000\n',
    );
    assert.ok((await steps()).filter(cached => cached).length >= 4, 'its steps are cached');
    assert.doesNotMatch(await podman('history', '--no-trunc', 'localhost/one:1'), /hush/);
  });

  test('build makes what an ImageBuild declares', async () => {
    await writeFiles(dir, { 'declared/site.yaml': imageBuild, 'declared/files/words': 'declared' });
    await podstead('build', join(dir, 'declared/site.yaml'));
    const look = 'cat /id /tmp/read; stat -c "%U %a" /srv/words; id -un; pwd';
    assert.equal(await inside('localhost/site:1', look), '0\ndeclaredapp 640\napp\n/srv\n');
  });

  test('working containers take every verb, and a mount is seen below podman unshare', async () => {
    await writeFiles(dir, { 'a.txt': 'a' });
    const name = (await podstead('build', 'from', 'localhost/bb:1')).trim();
    await podstead('build', 'copy', '--chown', 'app', name, join(dir, 'a.txt'), '/srv/');
    assert.equal(await podstead('build', 'run', name, '--', 'stat', '-c', '%U', '/srv/a.txt'), 'app\n');
    await podstead('build', 'run', name, '--', 'sh', '-c', 'echo ran > /srv/ran');
    await podstead('build', 'config', '--env', 'WHO=ann', '--workingdir', '/srv', name);
    const mounted = await on.podstead('build', 'mount', name);
    assert.equal(mounted.code, 0, mounted.stderr);
    assert.match(mounted.stderr, /podman unshare/);
    const path = mounted.stdout.trim();
    assert.equal(await podman('unshare', 'cat', `${path}/srv/a.txt`), 'a');
    await podman('unshare', 'sh', '-c', `echo by hand > ${path}/srv/written`);
    const kept = await on.podstead('build', 'umount', name);
    if (kept.code !== 0) {
      // 4.3, by the user's storage.conf as it is here.
      assert.match(kept.stderr, /runroot must be set[\s\S]*Set runroot and graphroot in ~\/\.config/);
      assert.equal(JSON.parse(await podstead('build', 'inspect', name)).mounted, true, 'nothing is lost');
      const store = await podman('info', '--format', 'runroot="{{.Store.RunRoot}}"\ngraphroot="{{.Store.GraphRoot}}"');
      const conf = join(on.source, '..', '.config/containers/storage.conf');
      await writeFile(conf, `[storage]\ndriver="overlay"\n${store}\n`);
      await podstead('build', 'umount', name);
    }
    assert.equal(JSON.parse(await podstead('build', 'inspect', name)).mounted, false);
    await podstead('build', 'commit', '--rm', name, 'localhost/worked:1');
    assert.equal(
      await inside('localhost/worked:1', 'pwd; cat a.txt ran written; echo $WHO'),
      '/srv\naran\nby hand\nann\n',
    );
    assert.equal(await podstead('build', 'containers'), '');
    assert.doesNotMatch(await podman('images', '--format', '{{.Repository}}'), /podstead-working/);
  });

  test('what manifests ask for is built, and pods follow its files', async () => {
    await writeFiles(on.source, {
      ...{ 'pods.yaml': pods, 'site.yaml': imageBuild, 'files/words': 'one' },
      ...{ 'near/Containerfile': 'FROM localhost/bb:1\nRUN echo -n near > /motd\n' },
    });
    const says = (pod: string, words: string): Promise<unknown> =>
      eventually(
        `${pod} says`,
        async () => (await on.podman('logs', `${pod}-main`)).stdout,
        text => text === words,
      );
    await podstead('apply', on.source);
    await says('declared', 'one');
    await says('beside', 'near');
    const before = (await podman('inspect', '--format', '{{.Id}}', 'beside-main')).trim();
    assert.deepEqual(JSON.parse(await podstead('apply', on.source, '-o', 'json')).changes, []);
    await writeFiles(on.source, { 'files/words': 'two' });
    await podstead('apply', on.source);
    await says('declared', 'two');
    assert.equal((await podman('inspect', '--format', '{{.Id}}', 'beside-main')).trim(), before);
    await podstead('down', '--all');
    for (const each of ['pods.yaml', 'site.yaml']) await rm(join(on.source, each));
  });

  test('an agent that is stopped ends the step of its build in the engine', async () => {
    const pod = (image: string): string =>
      `apiVersion: v1\nkind: Pod\nmetadata: { name: slow }\nspec: { containers: [{ name: main, image: '${image}' }] }\n`;
    await writeFiles(on.source, {
      'slow.yaml': pod('localhost/slow:1'),
      'slow/Containerfile': 'FROM localhost/bb:1\nRUN echo x > /x && exec sleep 7201.5\n',
    });
    const agent = on.start();
    const ended = new Promise(resolve => agent.once('exit', resolve));
    const runs = (): Promise<readonly number[]> => runningWith('sleep\x007201.5');
    await eventually('the step runs', runs, pids => pids.length > 0);
    agent.kill('SIGTERM');
    assert.equal(await ended, 0);
    await eventually('it is ended', runs, pids => pids.length === 0);
    assert.equal((await on.podman('image', 'exists', 'localhost/slow:1')).code, 1);
    await rm(join(on.source, 'slow.yaml'));
  });

  test('what a user may not do in a step is told with its line, and leaves nothing', async () => {
    await writeFiles(dir, {
      'ids/Containerfile': 'FROM localhost/bb:1\nRUN touch /a && chown 4000000:4000000 /a\n',
      'node/Containerfile': 'FROM localhost/bb:1\nRUN mknod /a b 7 0\n',
    });
    for (const [name, why] of [
      ['ids', /Invalid argument/],
      ['node', /Operation not permitted/],
    ] as const) {
      const { code, stderr } = await on.podstead('build', '-t', `localhost/${name}:1`, join(dir, name));
      assert.equal(code, 1, stderr);
      assert.match(stderr, why);
      assert.match(stderr, /Containerfile:2/);
    }
    const left = await podman('ps', '-a', '--external', '--format', '{{.Names}}');
    assert.equal(left, '');
  });
});
