import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { create } from 'tar';
import { assertSchema } from '../cli/schemas.ts';
import { buildah, factsOf } from './buildah.ts';
import type { Ran } from './host.ts';
import { cleanUps, type Host, host, writeFiles } from './podstead.ts';

describe('a working container', () => {
  const cleaning = cleanUps();
  let on: Host;
  let dir = '';
  before(async () => {
    on = await host(cleaning);
    dir = join(on.source, '../files');
    await writeFiles(dir, { 'a.txt': 'a', 'public/index.html': 'page', 'public/.dockerignore': '*', 'in/p': 'p' });
    await create({ cwd: join(dir, 'in'), file: join(dir, 'p.tar'), portable: true }, ['p']);
  });
  const verb = async (...args: string[]): Promise<string> => {
    const ran = await on.podstead('build', ...args);
    assert.equal(ran.code, 0, `build ${args.join(' ')}: ${ran.stderr}`);
    return ran.stdout;
  };
  const judge = async (...args: string[]): Promise<string> => {
    const ran: Ran = await buildah(on.engine, ...args);
    assert.equal(ran.code, 0, `buildah ${args.join(' ')}: ${ran.stderr}`);
    return ran.stdout.trim();
  };
  const inside = async (image: string, command: string): Promise<string> =>
    (await on.engine.podman('run', '--rm', '--entrypoint', '["sh","-c"]', image, command)).stdout;

  test('the same script makes the same image as with buildah', async () => {
    const name = (await verb('from', 'localhost/bb:1')).trim();
    assert.equal(name, 'bb-working-container');
    const theirs = await judge('from', '--name', 'theirs', 'localhost/bb:1');
    const config = [
      '--author',
      'Ann',
      '--env',
      'WHO=ann',
      '--label',
      'a=b=c',
      '--workingdir',
      '/srv',
      '--user',
      'app',
    ].concat(
      ['--port', '8080/tcp', '--volume', '/data', '--stop-signal', 'SIGINT', '--entrypoint', '["/bin/sh","-c"]'],
      ['--cmd', 'id', '--onbuild', 'RUN echo built', '--healthcheck', 'CMD /bin/true', '--healthcheck-interval', '7s'],
      ['--healthcheck-timeout', '30s', '--healthcheck-retries', '3'],
    );
    const steps: readonly (readonly [string, readonly string[]])[] = [
      ['copy', [join(dir, 'a.txt'), '/a.txt']],
      ['copy', ['--chown', 'app:app', '--chmod', '0640', join(dir, 'a.txt'), join(dir, 'public'), '/srv/']],
      ['add', [join(dir, 'p.tar'), '/unpacked/']],
      ['run', ['--', 'chmod', '1777', '/tmp']],
      ['config', config],
      ['run', ['--', 'sh', '-c', 'id -un > /tmp/who; pwd >> /tmp/who; echo $WHO >> /tmp/who']],
    ];
    for (const [word, args] of steps) {
      const flags = args.slice(0, Math.max(0, args.findLastIndex(arg => arg.startsWith('--')) + 2));
      // The name stands after the flags, and before what is copied or run.
      const [before, after] =
        word === 'config'
          ? [args, []]
          : word === 'run'
            ? [[], args]
            : [flags.length > 1 ? flags : [], flags.length > 1 ? args.slice(flags.length) : args];
      await verb(word, ...before, name, ...after);
      await judge(word, ...before, theirs, ...after);
    }
    await verb('commit', name, 'localhost/ours:1');
    await judge('commit', '--format', 'docker', theirs, 'localhost/theirs:1');
    const facts = async (image: string): Promise<unknown> => {
      const { config, author } = await factsOf(on.engine, image);
      return { ...config, Env: (config.Env as readonly string[]).toSorted(), author };
    };
    assert.deepEqual(await facts('localhost/ours:1'), await facts('localhost/theirs:1'));
    const look = 'cat /a.txt /tmp/who /unpacked/p; cd /srv; find . | sort; stat -c "%U %a" a.txt index.html';
    assert.equal(await inside('localhost/ours:1', look), await inside('localhost/theirs:1', look));
    assert.match(await inside('localhost/ours:1', look), /^aapp\n\/srv\nann\np/);
    await verb('rm', name);
    assert.equal(await verb('containers'), '');
  });

  test('run passes output and exit code on, and keeps nothing of a command that failed', async () => {
    await verb('from', '--name', 'runs', 'localhost/bb:1');
    assert.equal(await verb('run', 'runs', '--', 'sh', '-c', 'echo out; echo more'), 'out\nmore\n');
    const failed = await on.podstead('build', 'run', 'runs', '--', 'sh', '-c', 'touch /left; exit 7');
    assert.equal(failed.code, 7);
    assert.match(failed.stderr, /exited with 7; nothing of it is kept/);
    assert.equal(await verb('run', 'runs', '--', 'sh', '-c', 'ls /left 2>/dev/null; echo looked'), 'looked\n');
    // The engine's cache finds again what has a name.
    const name = 'localhost/podstead-working/podstead/runs:latest';
    assert.equal((await on.engine.podman('tag', name, 'localhost/kept:1')).code, 0);
    await verb('rm', 'runs');
    await verb('from', '--name', 'runs', 'localhost/bb:1');
    assert.equal(
      await verb('run', 'runs', '--', 'sh', '-c', 'echo out; echo more'),
      'out\nmore\n',
      'no cache of commands',
    );
    await verb('rm', 'runs');
  });

  test('copy --from takes files of an image, add fetches URLs, and scratch is an empty base', async t => {
    const server = createServer((_, response) => response.end('from the web'));
    await new Promise<void>(done => server.listen(0, '127.0.0.1', done));
    t.after(() => server.close());
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    await verb('from', '--name', 'empty', 'scratch');
    await verb('copy', '--from', 'localhost/bb:1', 'empty', '/bin', '/bin');
    await verb('add', 'empty', `http://127.0.0.1:${port}/x`, '/x');
    await verb('commit', '--rm', '--squash', 'empty', 'localhost/empty:1');
    assert.equal(
      await inside('localhost/empty:1', 'cat /x; ls /'),
      await inside('localhost/empty:1', 'echo "from the web$(ls /)"'),
    );
    assert.equal((await factsOf(on.engine, 'localhost/empty:1')).layers, 1);
    assert.equal(await verb('containers'), '', 'commit --rm removed it');
  });

  test('what is written to a mount is kept by the next verb, and an agent leaves it alone', async () => {
    await verb('from', '--name', 'mounted', 'localhost/bb:1');
    const path = (await verb('mount', 'mounted')).trim();
    await writeFile(join(path, 'written'), 'by hand');
    await on.write({ 'a.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n' });
    const applied = await on.podstead('apply', on.source, '--prune', '--allow-empty');
    assert.equal(applied.code, 0, applied.stderr);
    const told = JSON.parse(await verb('inspect', 'mounted'));
    assertSchema('build-inspect', told);
    assert.deepEqual([told.name, told.from, told.mounted], ['mounted', 'localhost/bb:1', true]);
    assert.equal(await verb('run', 'mounted', '--', 'cat', '/written'), 'by hand\n');
    const second = (await verb('mount', 'mounted')).trim();
    await writeFile(join(second, 'later'), 'too');
    await verb('umount', 'mounted');
    await verb('config', '--label', 'x=y', 'mounted');
    await verb('commit', '--rm', 'mounted', 'localhost/mounted:1');
    assert.equal(await inside('localhost/mounted:1', 'cat /written /later'), 'by handtoo');
    const { config } = await factsOf(on.engine, 'localhost/mounted:1');
    const { config: base } = await factsOf(on.engine, 'localhost/bb:1');
    assert.deepEqual(config, { ...base, Labels: { x: 'y' }, WorkingDir: '/' });
    assert.equal((await on.containers()).size, 0, 'no container stays');
  });

  test('names are told, taken once, and refused where they are none', async () => {
    await verb('from', 'localhost/bb:1');
    assert.equal(await verb('from', 'localhost/bb:1'), 'bb-working-container-1\n');
    const taken = await on.podstead('build', 'from', '--name', 'bb-working-container', 'localhost/bb:1');
    assert.match(taken.stderr, /Cannot make the working container "bb-working-container": there is one/);
    const none = await on.podstead('build', 'run', 'nobody', '--', 'ls');
    assert.match(
      none.stderr,
      /Cannot find the working container "nobody".*bb-working-container, bb-working-container-1/s,
    );
    for (const port of ['abc', '0', '70000', '80/xyz', '53/UDP', '90-80', '']) {
      const refused = await on.podstead('build', 'config', '--port', port, 'bb-working-container');
      assert.equal(refused.code, 1, port);
      assert.match(refused.stderr, /Expected a port from 1 to 65535/);
    }
    await verb(
      'config',
      '-p',
      '80',
      '-p',
      '53/udp',
      '--port',
      '8000-8010/tcp',
      '-e',
      'PORT=81',
      'bb-working-container',
    );
    await verb('config', '-p', '$PORT', 'bb-working-container');
    await verb('commit', 'bb-working-container', 'ports:1');
    const { stdout } = await on.engine.podman('image', 'inspect', 'localhost/ports:1');
    const exposed = Object.keys(JSON.parse(stdout)[0].Config.ExposedPorts);
    assert.deepEqual(exposed.toSorted(), ['53/udp', '80/tcp', '8000-8010/tcp', '81/tcp']);
    const bad = await on.podstead('build', 'config', '--user', 'a', '../x');
    assert.match(bad.stderr, /Cannot use "..\/x" as the name/);
    const onto = await on.podstead('build', 'rename', 'bb-working-container', 'bb-working-container-1');
    assert.match(onto.stderr, /Cannot make the working container "bb-working-container-1": there is one/);
    const path = (await verb('mount', 'bb-working-container')).trim();
    await writeFile(join(path, 'written'), 'before');
    await verb('config', '--annotation', 'note=x=y', 'bb-working-container');
    await verb('rename', 'bb-working-container', 'site');
    assert.equal(await verb('containers'), 'bb-working-container-1\nsite\n');
    assert.equal(await verb('run', 'site', '--', 'cat', '/written'), 'before\n');
    await verb('commit', 'site', 'localhost/site:1');
    const [made] = JSON.parse((await on.engine.podman('image', 'inspect', 'localhost/site:1')).stdout);
    assert.equal(made.Annotations.note, 'x=y');
    await verb('rm', '--all');
    const images = (await on.engine.podman('images', '--format', '{{.Repository}}')).stdout;
    assert.doesNotMatch(images, /podstead-working/);
  });
});
