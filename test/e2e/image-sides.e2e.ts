import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { type SampleImage, sampleImage } from '../image/samples.ts';
import { type Ran, type Registry, registry, run } from './host.ts';
import { scratch, skopeo, writeLayout } from './oci-layout.ts';
import { cleanUps, program } from './podstead.ts';

describe('podstead image copy between two registries', () => {
  const cleaning = cleanUps();
  let image: SampleImage;
  let dir = '';
  let from: Registry;
  let to: Registry;
  before(async () => {
    dir = await scratch(cleaning);
    image = sampleImage();
    await writeLayout(join(dir, 'one'), '1', [image]);
    from = await registry(cleaning, { htpasswd: { user: 'ann', password: 'from-w0rd' } });
    to = await registry(cleaning, { htpasswd: { user: 'bob', password: 'to-w0rd' } });
    await login('from', from, 'ann:from-w0rd');
    await login('to', to, 'bob:to-w0rd');
    const flags = ['-q', '--dest-tls-verify=false', '--authfile', authfile('from')];
    await skopeo('copy', ...flags, `oci:${join(dir, 'one')}:1`, `docker://${from.host}/a/web:1`);
  });

  const authfile = (name: string): string => join(dir, `${name}.json`);
  const login = (name: string, { host }: Registry, credential: string): Promise<void> => {
    const auth = Buffer.from(credential).toString('base64');
    return writeFile(authfile(name), JSON.stringify({ auths: { [host]: { auth } } }));
  };
  const copy = (...flags: readonly string[]): Promise<Ran> => {
    const names = [`docker://${from.host}/a/web:1`, `docker://${to.host}/b/web:2`];
    return run('node', [program, 'image', 'copy', '--retry-times', '0', ...flags, ...names], { HOME: dir });
  };

  test('each side of a copy goes by its own credentials and its own TLS', async () => {
    const both = ['--src-authfile', authfile('from'), '--dest-authfile', authfile('to')];
    const plain = ['--src-tls-verify=false', '--dest-tls-verify=false'];
    const { code, stderr } = await copy(...both, ...plain);
    assert.equal(code, 0, stderr);
    const flags = ['--tls-verify=false', '--authfile', authfile('to')];
    assert.match(await skopeo('inspect', ...flags, `docker://${to.host}/b/web:2`), new RegExp(image.manifest.digest));
    const refused: readonly (readonly [readonly string[], RegExp])[] = [
      [[...both, '--src-tls-verify=false'], new RegExp(`${to.host}.*\n.*--tls-verify=false`)],
      [[...both, '--dest-tls-verify=false'], new RegExp(`${from.host}.*\n.*--tls-verify=false`)],
      [[...both, ...plain, '--src-no-creds'], new RegExp(`${from.host}.*401`)],
      [[...both, ...plain, '--dest-no-creds'], new RegExp(`${to.host}.*401`)],
      [['--authfile', authfile('from'), '--tls-verify=false'], new RegExp(`${to.host}.*401`)],
    ];
    for (const [flags, message] of refused) {
      const failed = await copy(...flags);
      assert.equal(failed.code, 1, flags.join(' '));
      assert.match(failed.stderr, message);
      assert.doesNotMatch(failed.stderr, /w0rd/);
    }
  });
});
