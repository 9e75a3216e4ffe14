import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatName, parseName } from '../../src/image/name.ts';
import { formatPlace, isPlace, parsePlace } from '../../src/image/transport.ts';
import { check } from '../arbitraries/property.ts';

const digest = `sha256:${'a'.repeat(64)}`;

const names = [
  ['busybox', 'docker.io', 'library/busybox', undefined, undefined],
  ['team/web:1', 'docker.io', 'team/web', '1', undefined],
  ['index.docker.io/team/web', 'docker.io', 'team/web', undefined, undefined],
  ['localhost/web', 'localhost', 'web', undefined, undefined],
  ['127.0.0.1:5000/a/b:2', '127.0.0.1:5000', 'a/b', '2', undefined],
  [`quay.io/a/b:1@${digest}`, 'quay.io', 'a/b', '1', digest],
] as const;
for (const [text, registry, repository, tag, digest] of names) {
  test(`parseName() reads "${text}" as docker:// does`, () => {
    assert.deepEqual(parseName(text), { registry, repository, tag, digest });
  });
}

const noNames = [
  '',
  './web',
  '../web',
  '-a.io/web',
  'Web',
  'a//b',
  'web:',
  `web@sha512:${'a'.repeat(64)}`,
  `web@md5:${'a'.repeat(32)}`,
  'a'.repeat(600),
];
for (const text of noNames) {
  test(`parseName() refuses "${text.slice(0, 30)}"`, () => {
    assert.throws(() => parseName(text), { name: 'ImageError', code: 'NAME_INVALID' });
  });
}

const places = [
  ['docker://quay.io/a/b:1', { transport: 'docker', name: parseName('quay.io/a/b:1') }],
  ['oci:/srv/images', { transport: 'oci', path: '/srv/images', ref: undefined }],
  ['oci:images:team/web:1.0', { transport: 'oci', path: 'images', ref: 'team/web:1.0' }],
  ['oci-archive:web.tar:1', { transport: 'oci-archive', path: 'web.tar', ref: '1' }],
  ['dir:/srv/a:b', { transport: 'dir', path: '/srv/a:b' }],
  ['docker-archive:web.tar', { transport: 'docker-archive', path: 'web.tar', name: undefined }],
  [
    'docker-archive:web.tar:docker.io/team/web:1',
    { transport: 'docker-archive', path: 'web.tar', name: parseName('docker.io/team/web:1') },
  ],
  ['tarball:base.tar:app.tar.gz', { transport: 'tarball', paths: ['base.tar', 'app.tar.gz'] }],
  [
    'containers-storage:localhost/web:1',
    { transport: 'containers-storage', name: parseName('localhost/web:1'), id: undefined },
  ],
  [`containers-storage:@${'a'.repeat(64)}`, { transport: 'containers-storage', name: undefined, id: 'a'.repeat(64) }],
  ['docker-daemon:localhost/web:1', { transport: 'docker-daemon', name: parseName('localhost/web:1'), id: undefined }],
  [`docker-daemon:${digest}`, { transport: 'docker-daemon', name: undefined, id: digest }],
] as const;
for (const [text, place] of places) {
  test(`parsePlace() reads "${text}", and formatPlace() writes it again`, () => {
    assert.deepEqual(parsePlace(text), place);
    assert.equal(formatPlace(parsePlace(text)), text);
  });
}

const noPlaces = [
  ['busybox', /docker:\/\/busybox.*oci:busybox/],
  ['docker:busybox', /"docker:\/\/busybox"/],
  ['docker:/host/x', /"docker:\/\/host\/x"/],
  ['docker:///host/x', /"docker:\/\/host\/x"/],
  ['docker://', /"docker:\/\/quay\.io/],
  ['https://quay.io/a', /docker:\/\/quay\.io\/a$/],
  ['./foo', /^Say what is there: oci:\.\/foo, dir:\.\/foo, oci-archive:\.\/foo, docker-archive:\.\/foo$/],
  ['/srv/foo.tar.gz', /^Say what is there: oci-archive:\/srv\/foo\.tar\.gz, docker-archive:/],
  ['~/foo', /oci:~\/foo/],
  ['..', /oci:\.\./],
  ['dir:', /dir:PATH/],
  ['oci::x', /oci:PATH/],
  ['oci:path:a b', /oci:PATH/],
  ['docker-archive:x.tar:@0', /NAME/],
  ['docker-daemon:busybox', /docker-daemon:NAME:TAG/],
  ['containers-storage:@0', /containers-storage:NAME/],
  ['containers-storage:[overlay@/x]busybox', /--engine/],
  ['tarball:', /tarball:PATH/],
  ['tarball:a.tar:-', /tarball:PATH/],
  ['toString:x', /docker:\/\/toString/],
] as const;
for (const [text, hint] of noPlaces) {
  test(`parsePlace() refuses "${text}", and says what to write`, () => {
    assert.throws(() => parsePlace(text), { code: 'NAME_INVALID', hint });
  });
}

for (const [text, count] of [
  ['docker:busybox', 'none'],
  ['docker:/host/x', '1'],
  ['docker:///host/x', '3'],
] as const) {
  test(`parsePlace() counts the slashes of "${text}"`, () => {
    assert.throws(() => parsePlace(text), {
      message: `Cannot read "${text}": expected two slashes after "docker:", found ${count}`,
    });
  });
}

for (const [text, expected] of [
  ['docker://a', true],
  ['sif:a', true],
  ['oci:a', true],
  ['./a', true],
  ['/a', true],
  ['https://quay.io/a', true],
  ['a', false],
  ['quay.io/a:1', false],
  ['localhost:5000/a', false],
] as const) {
  test(`isPlace() takes "${text}" for ${expected ? 'a place' : 'a name'}`, () => assert.equal(isPlace(text), expected));
}

test('parseName() reads what formatName() wrote', () => {
  const word = fc.stringMatching(/^[a-z0-9]{1,8}([._-][a-z0-9]{1,4})?$/);
  const name = fc.record({
    registry: fc.constantFrom('docker.io', 'localhost', 'quay.io', '127.0.0.1:5000'),
    path: fc.array(word, { minLength: 2, maxLength: 3 }),
    tag: fc.option(fc.stringMatching(/^\w[\w.-]{0,8}$/), { nil: undefined }),
    digest: fc.option(fc.constant(digest), { nil: undefined }),
  });
  check(
    fc.property(name, ({ registry, path, tag, digest }) => {
      const given = { registry, repository: path.join('/'), tag, digest };
      const expected = { ...given, tag: tag ?? (digest === undefined ? 'latest' : undefined) };
      assert.deepEqual(parseName(formatName(given)), expected);
    }),
  );
});
