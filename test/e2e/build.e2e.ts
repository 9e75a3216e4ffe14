import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdir, readFile, utimes } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { assertSchema } from '../cli/schemas.ts';
import { buildah, factsOf } from './buildah.ts';
import type { Ran } from './host.ts';
import { cleanUps, type Host, host, program, writeFiles } from './podstead.ts';

const staged = `# The first line is a comment.
ARG BASE=localhost/bb:1
FROM \${BASE} AS first
RUN echo one \\
  > /one

FROM localhost/bb:1 AS second
ARG VERSION=none
COPY --from=first /one /one
RUN echo "$VERSION" > /version
ENV VERSION=\${VERSION} GREETING="hello there"
LABEL from=file
EXPOSE 8080/tcp
WORKDIR /srv
USER app
STOPSIGNAL SIGINT
VOLUME /data
ENTRYPOINT ["/bin/sh", "-c"]
CMD ["cat /one"]

FROM second AS third
RUN false
`;

describe('podstead build', () => {
  const cleaning = cleanUps();
  let on: Host;
  let dir = '';
  before(async () => {
    on = await host(cleaning);
    dir = join(on.source, '../contexts');
    await mkdir(dir);
  });

  /** Builds a context of these files under a name of its own. */
  async function built(name: string, files: Readonly<Record<string, string>>, ...args: string[]): Promise<Ran> {
    await writeFiles(join(dir, name), files);
    return on.podstead('build', '-t', `localhost/${name}:1`, ...args, join(dir, name));
  }
  const inside = async (name: string, command: string): Promise<string> =>
    (await on.engine.podman('run', '--rm', '--entrypoint', '["sh","-c"]', `localhost/${name}:1`, command)).stdout;

  test('stages, --target and --build-arg make what buildah makes of them', async () => {
    const ours = await built('staged', { Containerfile: staged }, '--target', 'second', '--build-arg', 'VERSION=7');
    assert.equal(ours.code, 0, ours.stderr);
    assert.match(ours.stdout, /^[0-9a-f]{64}\n$/);
    const args = ['bud', '-t', 'localhost/judge:1', '--layers', '--target', 'second', '--build-arg', 'VERSION=7'];
    const theirs = await buildah(on.engine, ...args, join(dir, 'staged'));
    assert.equal(theirs.code, 0, theirs.stderr);
    assert.deepEqual(await factsOf(on.engine, 'localhost/staged:1'), await factsOf(on.engine, 'localhost/judge:1'));
    assert.equal(await inside('staged', 'cat /one /version'), 'one\n7\n');
  });

  test('a value of --build-arg comes from the environment where the key stands alone', async () => {
    const files = {
      Containerfile: 'FROM localhost/bb:1\nARG WHO=nobody\nARG OTHER=default\nRUN echo $WHO $OTHER > /who\n',
    };
    await writeFiles(join(dir, 'args'), files);
    const env = { ...process.env, ...on.env, WHO: 'ann' };
    const args = ['build', '-t', 'localhost/args:1', '--build-arg', 'WHO', '--build-arg', 'OTHER', join(dir, 'args')];
    const child = spawn('node', [program, ...args], { env, stdio: 'ignore' });
    assert.equal(await new Promise(resolve => child.once('exit', resolve)), 0);
    assert.equal(await inside('args', 'cat /who'), 'ann default\n');
  });

  test('several tags, labels and annotations, --iidfile, and -o json by its schema', async () => {
    const iidfile = join(dir, 'iid');
    const more = ['-t', 'localhost/other:2', '--label', 'a=b=c', '--annotation', 'note=x', '--iidfile', iidfile];
    const ran = await built('tags', { Dockerfile: 'FROM localhost/bb:1\nRUN echo x > /x\n' }, ...more, '-o', 'json');
    assert.equal(ran.code, 0, ran.stderr);
    const told = JSON.parse(ran.stdout);
    assertSchema('build', told);
    assert.deepEqual(told.names, ['localhost/tags:1', 'localhost/other:2']);
    assert.equal(told.steps[1].text, 'RUN echo x > /x');
    assert.equal(await readFile(iidfile, 'utf8'), `sha256:${told.id}`);
    const [one] = JSON.parse((await on.engine.podman('image', 'inspect', 'localhost/other:2')).stdout);
    assert.equal(one.Id, told.id);
    assert.equal(one.Digest, told.digest);
    assert.equal(one.Labels.a, 'b=c');
    assert.equal(one.Annotations.note, 'x');
  });

  test('the names that are told are those of the store', async () => {
    await writeFiles(join(dir, 'short'), { Containerfile: 'FROM localhost/bb:1\n' });
    const { stdout, stderr } = await on.podstead('build', '-t', 'short', '-t', 'docker.io/hub:1', join(dir, 'short'));
    assert.match(stderr, /^Built localhost\/short:latest in .* s: 1 step, /m);
    const [image] = JSON.parse((await on.engine.podman('image', 'inspect', stdout.trim())).stdout);
    const told = await on.podstead('build', '-t', 'short', '-t', 'docker.io/hub:1', '-o', 'json', join(dir, 'short'));
    const { names } = JSON.parse(told.stdout);
    assert.deepEqual(names, ['localhost/short:latest', 'docker.io/library/hub:1']);
    assert.ok(
      names.every((name: string) => image.RepoTags.includes(name)),
      String(image.RepoTags),
    );
  });

  test('steps that did not change come from the cache, --no-cache does them anew', async () => {
    const files = {
      Containerfile: 'FROM localhost/bb:1\nCOPY f /f\nRUN cat /proc/sys/kernel/random/uuid > /uuid\n',
      f: '1',
    };
    const cachedSteps = async (...args: string[]): Promise<readonly boolean[]> => {
      const { stdout, stderr } = await built('cached', files, '-o', 'json', ...args);
      assert.notEqual(stdout, '', stderr);
      return JSON.parse(stdout).steps.map((step: { readonly cached: boolean }) => step.cached);
    };
    assert.deepEqual(await cachedSteps(), [false, false, false]);
    assert.deepEqual(await cachedSteps('--label', 'a=b'), [false, true, true, false]);
    assert.deepEqual(await cachedSteps('--no-cache'), [false, false, false]);
    await writeFiles(join(dir, 'cached'), { f: '2' });
    files.f = '2';
    assert.deepEqual(await cachedSteps(), [false, false, false]);
  });

  test('nothing is built where nothing has changed since, and everything else is', async t => {
    const files = { Containerfile: 'FROM localhost/again-base:1\nCOPY f /f\nRUN echo x > /x\n', f: '1' };
    const made = async (...args: string[]): Promise<{ readonly id: string; readonly steps: readonly boolean[] }> => {
      const { stdout, stderr } = await built('again', files, '-o', 'json', ...args);
      assert.notEqual(stdout, '', stderr);
      const { id, steps } = JSON.parse(stdout);
      return { id, steps: steps.map((step: { readonly cached: boolean }) => step.cached) };
    };
    const isBuilt = async (why: string, ...args: string[]): Promise<string> => {
      const { id, steps } = await made(...args);
      assert.notDeepEqual(steps, [], why);
      assert.deepEqual(await made(...args), { id, steps: [] }, `${why}, again`);
      return id;
    };
    const base = async (text: string): Promise<void> => {
      await writeFiles(join(dir, 'again-base'), { Containerfile: 'FROM localhost/bb:1\nCOPY t /t\n', t: text });
      const ran = await on.podstead('build', '-t', 'localhost/again-base:1', join(dir, 'again-base'));
      assert.equal(ran.code, 0, ran.stderr);
    };
    await base('1');
    const first = await isBuilt('the first');
    const told = await built('again', files);
    assert.match(told.stderr, /^Nothing has changed since localhost\/again:1 was built\n {2}sha256:[0-9a-f]{64}\n$/);
    files.f = '2';
    await isBuilt('another file');
    files.f = '1';
    assert.deepEqual(await made(), { id: first, steps: [false, true, true] }, 'its name has moved on');
    assert.equal(await inside('again', 'cat /f'), '1');
    await isBuilt('an option', '--label', 'a=b');
    await made();
    assert.deepEqual((await made()).steps, []);
    await base('2');
    await isBuilt('another base image');
    assert.equal(await inside('again', 'cat /t'), '2');
    await isBuilt('another name', '-t', 'localhost/again:2');
    await on.engine.podman('rmi', '-f', 'localhost/again:1', 'localhost/again:2');
    await isBuilt('its image is gone');
    for (const args of [['--no-cache'], ['--pull-never', '--squash'], ['--secret', 'id=s,env=HOME']]) {
      await made(...args);
      assert.notDeepEqual((await made(...args)).steps, [], args.join(' '));
    }
    let fetched = 0;
    const server = createServer((_, response) => {
      fetched += 1;
      response.end(String(fetched));
    });
    await new Promise<void>(done => server.listen(0, '127.0.0.1', done));
    t.after(() => server.close());
    files.Containerfile += `ADD http://127.0.0.1:${(server.address() as AddressInfo).port}/x /fetched\n`;
    for (const _ of [1, 2]) assert.notDeepEqual((await made()).steps, [], 'a URL is asked each time');
    assert.equal(await inside('again', 'cat /fetched'), String(fetched));
  });

  test('another base image is seen however the Containerfile names it, and steps that a base image brings are left to the engine', async () => {
    const lender = 'localhost/lender:1';
    const variants = {
      comment: `# C:\\\nFROM ${lender}\nRUN cp /t /u\n`,
      continued: `FROM localhost/bb:1\nCOPY \\ \n# note\n\n--from=${lender} /t /u\n`,
      escaped: `# escape=\`\nFROM localhost/bb:1\nCOPY \`\n --from=${lender} /t /u\n`,
      triggered: 'FROM localhost/trigger:1\nRUN true\n',
    };
    const lend = (t: string): Promise<Ran> => built('lender', { Containerfile: 'FROM localhost/bb:1\nCOPY t /t\n', t });
    await lend('1');
    const trigger = `FROM localhost/bb:1\nONBUILD COPY --from=${lender} /t /u\n`;
    await built('trigger', { Containerfile: trigger }, '--format', 'docker');
    for (const t of ['1', '2']) {
      await lend(t);
      for (const [name, Containerfile] of Object.entries(variants)) {
        const ran = await built(name, { Containerfile });
        assert.equal(ran.code, 0, ran.stderr);
        assert.equal(await inside(name, 'cat /u'), t, name);
      }
    }
    assert.match((await built('comment', { Containerfile: variants.comment })).stderr, /^Nothing has changed/);
    assert.doesNotMatch(
      (await built('triggered', { Containerfile: variants.triggered })).stderr,
      /Nothing has changed/,
    );
  });

  test('a secret reaches its step, and neither the image nor the arguments of any process', async () => {
    const file = `FROM localhost/bb:1
RUN --mount=type=secret,id=token grep -q 'of-file$' /run/secrets/token && test -z "$(ls -A /tmp)"
RUN --mount=type=secret,id=word grep -q 'of-env$' /run/secrets/word
COPY . /all
RUN ! grep -rq 'of-[ef]' /run /all/plain
`;
    await writeFiles(dir, { 'token.txt': 's3cret-of-file' });
    await writeFiles(join(dir, 'secret'), { Containerfile: file, plain: 'x' });
    const args = ['--secret', `id=token,src=${join(dir, 'token.txt')}`, '--secret', 'id=word,env=WORD'];
    const env = { ...process.env, ...on.env, WORD: 's3cret-of-env' };
    const child = spawn('node', [program, 'build', '-t', 'localhost/secret:1', ...args, join(dir, 'secret')], { env });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
    assert.equal(await new Promise(resolve => child.once('exit', resolve)), 0, said);
    const history = await on.engine.podman('history', '--no-trunc', 'localhost/secret:1');
    const inspected = await on.engine.podman('image', 'inspect', 'localhost/secret:1');
    assert.doesNotMatch(said + history.stdout + inspected.stdout, /s3cret/);
    assert.equal((await inside('secret', 'ls -A /all')).trim().split('\n').sort().join(), 'Containerfile,plain');
    const missing = await built('secret', {}, '--secret', 'id=token,src=/nowhere');
    assert.equal(missing.code, 1);
    assert.match(missing.stderr, /Cannot read the secret "token" from "\/nowhere"/);
  });

  test('what .containerignore leaves out is not copied, as with buildah', async () => {
    const rules = '# notes\n*.log\ntmp\n!tmp/keep\ndocs/**/*.md\n/sub/exact\n**/deep\n';
    const names =
      'a.log b.txt tmp/drop tmp/keep docs/x.md docs/y/z.md docs/y/z.txt sub/exact sub/a.log x/deep y/z/deep'.split(' ');
    const files = Object.fromEntries(names.map(name => [name, 'x']));
    const all = {
      ...files,
      '.containerignore': rules,
      '.dockerignore': '*\n',
      Containerfile: 'FROM localhost/bb:1\nCOPY . /all\n',
    };
    assert.equal((await built('ignoring', all)).code, 0);
    const theirs = await buildah(on.engine, 'bud', '-t', 'localhost/ignoring-judge:1', join(dir, 'ignoring'));
    assert.equal(theirs.code, 0, theirs.stderr);
    const tree = 'find /all | sort';
    assert.equal(await inside('ignoring', tree), await inside('ignoring-judge', tree));
    assert.match(await inside('ignoring', tree), /tmp\/keep/);
  });

  test('a Containerfile from elsewhere, or from standard input, is no part of the context', async () => {
    await writeFiles(dir, { 'elsewhere.Containerfile': 'FROM localhost/bb:1\nCOPY . /all\n' });
    const file = join(dir, 'elsewhere.Containerfile');
    const ran = await built('elsewhere', { a: '1', '.dockerignore': 'b\n', b: '2' }, '-f', file);
    assert.equal(ran.code, 0, ran.stderr);
    assert.equal((await inside('elsewhere', 'ls -A /all')).trim().split('\n').sort().join(), '.dockerignore,a');
    const child = spawn('node', [program, 'build', '-t', 'localhost/piped:1', '-f', '-', join(dir, 'elsewhere')], {
      env: { ...process.env, ...on.env },
    });
    child.stdin.end('FROM localhost/bb:1\nCOPY . /all\nRUN echo piped > /p\n');
    assert.equal(await new Promise(resolve => child.once('exit', resolve)), 0);
    assert.equal(await inside('piped', 'cat /p; ls -A /all | wc -l'), 'piped\n2\n');
    const absent = await on.podstead('build', '-f', 'nowhere', join(dir, 'elsewhere'));
    assert.equal(absent.code, 1);
    assert.match(absent.stderr, /there is no ".*\/nowhere"/);
  });

  test('a failed step is told with its output and the line of the Containerfile', async () => {
    const file = 'FROM localhost/bb:1\n# words\nRUN echo fine\n\nRUN echo before; \\\n  echo the reason >&2; exit 3\n';
    const failed = await built('failing', { Containerfile: file });
    assert.equal(failed.code, 1);
    assert.match(failed.stderr, /Cannot build "localhost\/failing:1": Containerfile:5: STEP 3\/3: RUN echo before/);
    assert.match(failed.stderr, /podstead: .*\nbefore\n.*exit status 3/s);
    assert.match(failed.stderr, /podstead: .*\nthe reason\n.*exit status 3/s);
    await writeFiles(join(dir, 'failing-stage'), { Containerfile: staged });
    const staging = await on.podstead('build', join(dir, 'failing-stage'));
    assert.match(staging.stderr, /Containerfile:22: \[3\/3\] STEP 2\/2: RUN false/);
    assert.equal((await on.containers()).size, 0, 'no working container stays');
  });

  test('--squash makes one layer of what is new, --squash-all one of everything', async () => {
    const files = { Containerfile: 'FROM localhost/bb:1\nRUN echo 1 > /1\nRUN echo 2 > /2\n' };
    const layers = async (...args: string[]): Promise<number> => {
      const ran = await built('layered', files, ...args);
      assert.equal(ran.code, 0, ran.stderr);
      return (await factsOf(on.engine, 'localhost/layered:1')).layers;
    };
    assert.deepEqual([await layers(), await layers('--squash'), await layers('--squash-all')], [3, 2, 1]);
    assert.equal(await layers('--layers=false'), 2);
  });

  test('--platform says what the image is for', async () => {
    const ran = await built('foreign', { Containerfile: 'FROM scratch\nCOPY . /\n' }, '--platform', 'linux/arm64');
    assert.equal(ran.code, 0, ran.stderr);
    const { stdout } = await on.engine.podman(
      'image',
      'inspect',
      '--format',
      '{{.Os}}/{{.Architecture}}',
      'localhost/foreign:1',
    );
    assert.equal(stdout, 'linux/arm64\n');
  });

  test('the same input gives the same digest with a timestamp, whatever the times of its files', async () => {
    const files = { Containerfile: 'FROM localhost/bb:1\nCOPY . /all\nRUN mkdir /d && echo x > /d/x\n', 'sub/f': '1' };
    const digest = async (name: string, mtime: number, ...args: string[]): Promise<string> => {
      await writeFiles(join(dir, name), files);
      for (const path of ['sub/f', 'sub', '.']) await utimes(join(dir, name, path), mtime, mtime);
      const ran = await on.podstead(
        'build',
        '-t',
        'localhost/same:1',
        '--no-cache',
        ...args,
        '-o',
        'json',
        join(dir, name),
      );
      assert.equal(ran.code, 0, ran.stderr);
      return JSON.parse(ran.stdout).digest;
    };
    const first = await digest('same-a', 1_600_000_000, '--timestamp', '1700000000');
    assert.equal(await digest('same-b', 1_650_000_000, '--timestamp', '1700000000'), first);
    assert.notEqual(await digest('same-b', 1_650_000_000, '--timestamp', '1700000001'), first);
    const env = { ...on.env, SOURCE_DATE_EPOCH: '1700000000' };
    const again = spawn('node', [program, 'build', '-o', 'json', '--no-cache', join(dir, 'same-b')], {
      env: { ...process.env, ...env },
    });
    let out = '';
    again.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    await new Promise(resolve => again.once('close', resolve));
    assert.equal(JSON.parse(out).digest, first);
  });
});
