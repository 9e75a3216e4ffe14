import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmod, chown, mkdir, rm, stat, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { before, describe, test } from 'node:test';
import { makeDirectory } from '../../src/durable.ts';
import { sampleImage } from '../image/samples.ts';
import { run } from './host.ts';
import { scratch, writeLayout } from './oci-layout.ts';
import { cleanUps, program, writeFiles } from './podstead.ts';

/** Who runs the program, as nobody keeps root from a file: Debian's `nobody`. */
const nobody = 65534;
/** A path under /proc that spins is killed after so long, in ms: the test fails by it. */
const limitMs = 60_000;

/** What may be wrong with a path. */
const faults: Readonly<Record<string, string>> = {
  'is not there': 'none/x',
  'is a directory': 'directory',
  'is a file': 'file',
  'lies below a file': 'file/x',
  'is a link to itself': 'loop',
  'lies below a link to itself': 'loop/x',
  'is too long': 'n'.repeat(300),
  'is not for this user': 'denied/x',
  'is on a file system that can only be read': 'readonly/x',
  "is the kernel's": '/proc/x',
};
/** Failures that come before the path counts, or whatever it is. */
const elsewhere =
  /nobody is|expected a public key|not logged in|ECONNREFUSED|no engine answers|Cannot find the working container|in no registry|error NOT_AN_OBJECT|is no key|no public key|Cannot read the key/;

/** Commands, by the path that is wrong: `PATH` in a word. What is right lies below the scratch directory. */
const commands: readonly string[] = [
  'image inspect oci:PATH',
  'image inspect oci-archive:PATH',
  'image inspect docker-archive:PATH',
  'image inspect dir:PATH',
  'image inspect --policy PATH oci:image:1',
  'image inspect --registries.d PATH oci:image:1',
  'image copy oci:PATH:1 dir:out',
  'image copy dir:PATH dir:out',
  'image copy tarball:PATH dir:out',
  'image copy oci:image:1 oci:PATH:1',
  'image copy oci:image:1 oci-archive:PATH',
  'image copy oci:image:1 docker-archive:PATH:x:1',
  'image copy oci:image:1 dir:PATH',
  'image copy --digestfile PATH oci:image:1 dir:out-digest',
  'image copy --sign-by-key PATH oci:image:1 dir:out',
  'image copy --sign-by-sigstore-private-key PATH oci:image:1 dir:out',
  'image copy --sign-by-key file --sign-passphrase-file PATH oci:image:1 dir:out',
  'image copy --retry-times 0 --authfile PATH docker://127.0.0.1:1/x dir:out',
  'image copy --retry-times 0 --cert-dir PATH docker://127.0.0.1:1/x dir:out',
  'image sign --sign-by-key PATH --manifest file --reference x.example/x:1 --signature out.sig',
  'image verify --key PATH oci:image:1',
  'image verify --trust-root PATH --certificate-identity a@example.com --certificate-oidc-issuer https://x oci:image:1',
  'image verify --key file --manifest PATH --reference x.example/x:1 --signature file',
  'image verify --key file --manifest file --reference x.example/x:1 --signature PATH',
  'image verify --policy PATH oci:image:1',
  'image digest PATH',
  'image list PATH',
  'image pull PATH',
  'image sync --src yaml --dest dir PATH out',
  'image sync --retry-times 0 --src dir --dest docker PATH 127.0.0.1:1/x',
  'image sync --retry-times 0 --src docker --dest dir 127.0.0.1:1/x:1 PATH',
  'image sync --retry-times 0 --src yaml --dest dir --authfile PATH sync.yaml out',
  'image delete oci:PATH:1',
  'image list-tags --retry-times 0 --authfile PATH docker://127.0.0.1:1/x',
  'image login --retry-times 0 --authfile PATH --username a 127.0.0.1:1',
  'image login --authfile PATH --get-login 127.0.0.1:1',
  'image logout --authfile PATH 127.0.0.1:1',
  'build PATH',
  'build PATH.yaml',
  'build -f PATH directory',
  'build --authfile PATH directory',
  'build --secret id=a,src=PATH directory',
  'build --state-dir PATH copy work file /',
  'build from --state-dir PATH scratch',
  'bundle create PATH -f out.bundle',
  'bundle create manifests -f PATH',
  'bundle create manifests -f out.bundle --base PATH',
  'bundle create manifests -f out.bundle --authfile PATH',
  'bundle inspect PATH',
  'bundle inspect made.bundle --base PATH',
  'bundle apply PATH',
  'bundle apply made.bundle --base PATH',
  'bundle apply --state-dir PATH made.bundle',
];

describe('paths that cannot be used', () => {
  const cleaning = cleanUps();
  let dir = '';
  before(async () => {
    dir = await scratch(cleaning);
    await chmod(dir, 0o755);
    for (const name of ['readonly', 'home']) await mkdir(join(dir, name));
    await run('mount', ['-t', 'tmpfs', '-o', 'ro', 'tmpfs', join(dir, 'readonly')]);
    cleaning.after(async () => void (await run('umount', [join(dir, 'readonly')])));
    await chown(join(dir, 'home'), nobody, nobody);
  });

  /** A directory of this user's own with all that the commands name. */
  async function place(name: string): Promise<string> {
    const at = join(dir, name);
    await writeFiles(at, {
      'directory/Containerfile': 'FROM scratch\n',
      file: 'x',
      'sync.yaml': '127.0.0.1:1:\n  images: { x: ["1"] }\n',
      'manifests/config.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: c }\n',
    });
    await symlink('loop', join(at, 'loop'));
    await symlink('../readonly', join(at, 'readonly'));
    await writeLayout(join(at, 'image'), '1', [sampleImage()]);
    await run('chown', ['-R', `${nobody}:${nobody}`, at]);
    await mkdir(join(at, 'denied'), { mode: 0o700 });
    assert.equal((await told(at, 'bundle create manifests -f made.bundle'.split(' '))).code, 0);
    return at;
  }

  interface Told {
    readonly code: number | null;
    readonly text: string;
  }
  /** The program as nobody, with a line on standard input. */
  function told(cwd: string, args: readonly string[]): Promise<Told> {
    const home = join(dir, 'home');
    const env = {
      PATH: process.env.PATH ?? '',
      HOME: home,
      XDG_RUNTIME_DIR: home,
      CONTAINER_HOST: `unix://${join(dir, 'none.sock')}`,
      STATE_DIRECTORY: join(home, 'state'),
      RUNTIME_DIRECTORY: join(home, 'run'),
    };
    const user = { uid: nobody, gid: nobody };
    const child = spawn('node', [program, ...args], { cwd, env, ...user, timeout: limitMs, killSignal: 'SIGKILL' });
    let text = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => (text += chunk));
    child.stdin.on('error', () => undefined).end('secret\n');
    return new Promise(resolve => child.once('close', code => resolve({ code, text })));
  }

  for (const [fault, path] of Object.entries(faults)) {
    test(`one that ${fault} is told with what is wrong and what to do`, async () => {
      const at = await place(path.replaceAll('/', '-').slice(0, 20));
      for (const command of commands) {
        const { code, text } = await told(
          at,
          command.split(' ').map(word => word.replace('PATH', path)),
        );
        const shown = `${command}: ${code}\n${text}`;
        assert.doesNotMatch(text, /^ +at |node:internal|podstead: \w*Error:/m, shown);
        assert.doesNotMatch(text, /\bE[A-Z]{3,}: /, shown);
        if (code === 0) continue;
        assert.equal(code, 1, shown);
        assert.match(text, /^podstead: .+\n {2}\S|^\S+: .+ \(.+\)$| error /m, shown);
        if (!elsewhere.test(text)) assert.ok(text.includes(path), shown);
        await rm(join(at, 'out'), { recursive: true, force: true });
        await rm(join(at, 'out.bundle'), { force: true });
      }
    });
  }

  test('a directory below /proc cannot be made, which takes no time', async () => {
    await assert.rejects(makeDirectory('/proc/none/x'), { code: 'ENOENT', path: '/proc/none' });
    await makeDirectory('/proc/self');
    await assert.rejects(makeDirectory('/proc/version'), { code: 'EEXIST' });
    const made = join(dir, 'made/two/three');
    await Promise.all([makeDirectory(made, { mode: 0o700 }), makeDirectory(made, { mode: 0o700 })]);
    for (const each of [made, dirname(made)]) assert.equal((await stat(each)).mode & 0o777, 0o700);
  });
});
