import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { type Registry, registry } from './host.ts';
import { cleanUps, type Host, host, writeFiles } from './podstead.ts';

/** What is wrong is told by its name: the Containerfile, where it is not that, is left alone. */
describe('what podstead build refuses', () => {
  const cleaning = cleanUps();
  let on: Host;
  let server: Registry;
  let dir = '';
  before(async () => {
    on = await host(cleaning);
    server = await registry(cleaning, { htpasswd: { user: 'ann', password: 'pa55-w0rd' } });
    dir = join(on.source, '../context');
    await mkdir(dir);
  });

  /** Builds from that Containerfile and tells what was said of it, the lines of its steps aside. */
  async function refused(containerfile: string, ...args: string[]): Promise<string> {
    await writeFiles(dir, { Containerfile: containerfile });
    const { code, stderr } = await on.podstead('build', ...args, dir);
    assert.equal(code, 1, stderr);
    return /^podstead: .*$/ms.exec(stderr)?.[0] ?? '';
  }
  const good = 'FROM localhost/bb:1 AS base\nRUN true\n';

  const names = [
    ['WEB', 'only a tag may have upper case', 'web'],
    ['localhost:5000/Team/web:V1', 'only a tag may have upper case', 'localhost:5000/team/web:V1'],
    ['a b', 'it is no name', 'team/web:1'],
    ['', 'it is no name', 'team/web:1'],
    [`web:1@sha256:${'a'.repeat(64)}`, 'its digest comes of what is built', 'web:1'],
  ] as const;
  for (const [name, fault, example] of names) {
    test(`-t "${name}" before anything is built: ${fault}`, async () => {
      const expected = `podstead: Cannot name the image "${name}": ${fault}\n  Write it as in "${example}"\n`;
      assert.equal(await refused(good, '-t', name), expected);
    });
  }

  test('a name that build commit cannot give', async () => {
    assert.equal((await on.podstead('build', 'from', '--name', 'work', 'localhost/bb:1')).code, 0);
    const { code, stderr } = await on.podstead('build', 'commit', 'work', 'Work:1');
    assert.deepEqual([code, /Cannot name the image "Work:1".*\n.*"work:1"/.test(stderr)], [1, true], stderr);
  });

  test('a stage that is not there, with those that are', async () => {
    const said = await refused(`${good}FROM base AS last\n`, '-t', 'web:1', '--target', 'nope');
    assert.match(
      said,
      /Cannot build "localhost\/web:1": Containerfile has no stage "nope"\n {2}Name one of its stages: base, last\n$/,
    );
    assert.match(
      await refused('FROM localhost/bb:1\n', '--target', 'nope'),
      /no stage "nope"\n {2}Name one in it, as in "FROM/,
    );
  });

  const lacking = [
    [
      'FROM localhost/nothing',
      [],
      1,
      'localhost/nothing:latest',
      /Build it first, as in "podstead build -t localhost\/noth/,
    ],
    ['FROM localhost/nothing:2', ['--pull-never'], 1, 'localhost/nothing:2', /Build it first/],
    ['FROM nothing', ['--pull-never'], 1, 'nothing', /Pull it first with "podman pull", or leave --pull-never out/],
    ['FROM localhost/bb:1\nCOPY --from=localhost/x /a /b', [], 2, 'localhost/x', /Build it first/],
    [
      'FROM localhost/bb:1\nRUN --mount=type=bind,from=localhost/x,target=/x true',
      [],
      2,
      'localhost/x',
      /Build it first/,
    ],
  ] as const;
  for (const [file, args, line, image, hint] of lacking) {
    test(`an image that the store lacks: ${[...args, file].join(' ').replaceAll('\n', '; ')}`, async () => {
      const said = await refused(`${file}\n`, ...args);
      assert.match(
        said,
        new RegExp(
          `^podstead: Cannot build the image: Containerfile:${line}: "${image}" is not in the engine's store\n`,
        ),
      );
      assert.match(said, hint);
    });
  }

  test('-f names the files that were looked for', async () => {
    const { code, stderr } = await on.podstead('build', '-f', 'Nope', dir);
    assert.equal(code, 1);
    assert.match(stderr, new RegExp(`there is no "${process.cwd()}/Nope" and no "${dir}/Nope"\n`));
    const empty = join(dir, 'empty');
    await mkdir(empty);
    const none = await on.podstead('build', empty);
    assert.match(
      none.stderr,
      new RegExp(`there is no "${empty}/Containerfile" and no "${empty}/Dockerfile"\n {2}Name it with -f\n$`),
    );
  });

  test('a registry that registries.conf calls insecure is asked without TLS, and refuses who is not known', async () => {
    const said = await refused(`FROM ${server.host}/team/web:1\n`);
    assert.match(said, /authentication required\n {2}Log in with "podstead image login"/);
  });

  test('credentials of --authfile that the registry refuses', async () => {
    const authfile = join(on.source, '../auth.json');
    const auth = Buffer.from('ann:wr0ng').toString('base64');
    await writeFile(authfile, JSON.stringify({ auths: { [server.host]: { auth } } }));
    const said = await refused(`FROM ${server.host}/team/web:1\n`, '--authfile', authfile);
    assert.match(said, /authentication required\n {2}Correct the user name and password that were given for it/);
    assert.doesNotMatch(said, /wr0ng/);
  });
});
