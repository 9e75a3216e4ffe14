import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { buildah } from './buildah.ts';
import { registry } from './host.ts';
import { cleanUps, type Host, host, writeFiles } from './podstead.ts';

/** What a step sees of what flags say about it. */
const look = `{ grep test /etc/hosts; cat /etc/resolv.conf; ls /sys/class/net | grep -v lo; df -k /dev/shm | tail -1;
 ulimit -n; ulimit -Hn; grep -E 'CapEff|Seccomp|NoNewPrivs' /proc/self/status; cat /proc/self/uid_map; umask; } 2>/dev/null | grep -v 10.88 > /seen; true`;

describe('podstead build: what steps get', () => {
  const cleaning = cleanUps();
  let on: Host;
  let dir = '';
  before(async () => {
    on = await host(cleaning);
    dir = join(on.source, '../contexts');
    await mkdir(dir);
  });

  /** Builds with ours and with buildah, and returns what both kept in a file of the image. */
  async function both(name: string, file: string, flags: readonly string[]): Promise<readonly [string, string]> {
    const ours = await on.podstead('build', '-t', `localhost/${name}:1`, '--no-cache', ...flags, join(dir, name));
    assert.equal(ours.code, 0, `${flags.join(' ')}: ${ours.stderr}`);
    const tag = `localhost/${name}-judge:1`;
    const theirs = await buildah(on.engine, 'bud', '-t', tag, '--no-cache', ...flags, join(dir, name));
    assert.equal(theirs.code, 0, `${flags.join(' ')}: ${theirs.stderr}`);
    const kept = async (image: string): Promise<string> =>
      (await on.engine.podman('run', '--rm', image, 'sh', '-c', file)).stdout;
    return [await kept(`localhost/${name}:1`), await kept(tag)];
  }

  test('networks, hosts, resolvers, limits and capabilities of steps are as with buildah', async () => {
    await writeFiles(join(dir, 'steps'), { Containerfile: `FROM localhost/bb:1\nRUN ${look.replaceAll('\n', '')}\n` });
    const cases: readonly (readonly [string, RegExp])[] = [
      [
        '--add-host db.test:10.1.2.3 --add-host other.test:10.1.2.4',
        /^10\.1\.2\.3\tdb\.test\n10\.1\.2\.4\tother\.test$/m,
      ],
      [
        '--dns 192.0.2.9 --dns-search a.test --dns-option ndots:3',
        /^search a\.test\nnameserver 192\.0\.2\.9\noptions ndots:3$/m,
      ],
      ['--shm-size 1m', /shm +1024 /],
      ['--ulimit nofile=100:200', /^100\n200$/m],
      ['--cap-add CAP_SYS_ADMIN --cap-drop CAP_CHOWN', /CapEff:\t0{8}[0-9a-f]{2}2[0-9a-f]{4}a$/m],
      ['--network none', /^(?!eth0$)/m],
      ['--network private', /^eth0$/m],
    ];
    for (const [flags, expected] of cases) {
      const [ours, theirs] = await both('steps', 'cat /seen', flags.split(' '));
      assert.equal(ours, theirs, flags);
      assert.match(ours, expected, flags);
    }
    const [none] = await both('steps', 'cat /seen', ['--network', 'none']);
    assert.doesNotMatch(none, /eth0|nameserver/);
    const short = await on.podstead('build', '--no-cache', '--cap-add', 'sys_admin', join(dir, 'steps'));
    assert.equal(short.code, 0, short.stderr);
  });

  test('a build with another network is another build, and a step of a working container goes by it, too', async () => {
    const build = (...flags: string[]) => on.podstead('build', '-t', 'localhost/net:1', ...flags, join(dir, 'net'));
    await writeFiles(join(dir, 'net'), { Containerfile: 'FROM localhost/bb:1\nRUN ls /sys/class/net > /seen\n' });
    assert.equal((await build('--network', 'none')).code, 0);
    assert.match((await build('--network', 'none')).stderr, /Nothing has changed/);
    assert.doesNotMatch((await build('--network', 'private')).stderr, /Nothing has changed/);
    await on.podstead('build', 'from', '--name', 'net', 'localhost/bb:1');
    const seen = await on.podstead('build', 'run', '--network', 'none', 'net', '--', 'ls', '/sys/class/net');
    assert.equal(seen.stdout, 'lo\n', seen.stderr);
    const named = await on.podstead('build', 'run', '--network', 'nowhere', 'net', '--', 'true');
    assert.notEqual(named.code, 0);
    assert.match(named.stderr, /nowhere/);
    await on.podstead('build', 'rm', 'net');
  });

  test('--ignorefile stands for the ignore file of the context, as with buildah', async () => {
    await writeFiles(join(dir, 'ignore'), {
      Containerfile: 'FROM localhost/bb:1\nCOPY . /all\n',
      '.containerignore': 'b.txt\n',
      'a.txt': '1',
      'b.txt': '2',
    });
    await writeFiles(dir, { rules: '# of a build server\na.*\n' });
    const [ours, theirs] = await both('ignore', 'ls -A /all', ['--ignorefile', join(dir, 'rules')]);
    assert.equal(ours, theirs);
    assert.deepEqual(ours.trim().split('\n').sort(), ['.containerignore', 'Containerfile', 'b.txt']);
    await writeFiles(dir, { rules: 'b.*\n' });
    const [changed] = await both('ignore', 'ls -A /all', ['--ignorefile', join(dir, 'rules')]);
    assert.match(changed, /a\.txt/);
    const missing = await on.podstead('build', '--ignorefile', join(dir, 'nowhere'), join(dir, 'ignore'));
    assert.equal(missing.code, 1);
    assert.match(missing.stderr, /Cannot read ".*nowhere" of --ignorefile/);
  });

  test('--from is built on instead of the first FROM, as with buildah', async () => {
    await writeFiles(join(dir, 'lender'), { Containerfile: 'FROM localhost/bb:1\nRUN echo lent > /lent\n' });
    assert.equal((await on.podstead('build', '-t', 'localhost/lender:1', join(dir, 'lender'))).code, 0);
    await writeFiles(join(dir, 'from'), { Containerfile: 'FROM localhost/nowhere:1\nRUN cp /lent /kept\n' });
    const [ours, theirs] = await both('from', 'cat /kept', ['--from', 'localhost/lender:1']);
    assert.deepEqual([ours, theirs], ['lent\n', 'lent\n']);
  });

  test('--pull takes the newer base image of a registry, --pull-never only what is there, as with buildah', async t => {
    const { host: at } = await registry(t);
    const base = `${at}/base:1`;
    const push = async (text: string): Promise<void> => {
      await writeFiles(join(dir, 'base'), { Containerfile: 'FROM localhost/bb:1\nCOPY t /t\n', t: text });
      assert.equal((await on.podstead('build', '-t', 'localhost/base:1', join(dir, 'base'))).code, 0);
      const pushed = await on.engine.podman('push', '--tls-verify=false', 'localhost/base:1', `docker://${base}`);
      assert.equal(pushed.code, 0, pushed.stderr);
    };
    await writeFiles(join(dir, 'pull'), { Containerfile: `FROM ${base}\nRUN cp /t /kept\n` });
    const never = await on.podstead('build', '--pull-never', '--tls-verify=false', join(dir, 'pull'));
    assert.equal(never.code, 1, 'nothing is there yet');
    await push('1');
    const kept = (flags: readonly string[]) => both('pull', 'cat /kept', ['--tls-verify=false', ...flags]);
    assert.deepEqual(await kept([]), ['1', '1'], 'what is missing is pulled');
    await push('2');
    assert.deepEqual(await kept(['--pull-never']), ['1', '1']);
    // Buildah looks for newer ones by itself; podman build does not, and neither do we.
    const usual = await on.podstead('build', '--tls-verify=false', '-t', 'localhost/usual:1', join(dir, 'pull'));
    assert.equal(usual.code, 0, usual.stderr);
    assert.equal((await on.engine.podman('run', '--rm', 'localhost/usual:1', 'cat', '/kept')).stdout, '1');
    assert.deepEqual(await kept(['--pull']), ['2', '2']);
  });
});
