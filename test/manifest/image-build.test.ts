import assert from 'node:assert/strict';
import { test } from 'node:test';
import { declaredImages, fullName } from '../../src/desired/builds.ts';
import { declaredBuild } from '../../src/desired/recipe.ts';
import type { ImageBuildObject } from '../../src/manifest/image-build.ts';
import { contextsIn } from '../../src/manifest/image-build.ts';
import { codes, read } from './read.ts';

const head = 'apiVersion: podstead.dev/v1alpha1\nkind: ImageBuild\nmetadata: {name: site}\nspec:\n';
const whole = `${head}  context: site
  steps:
  - from: {image: localhost/bb:1, as: base}
  - run: {script: echo hello > /hello}
  - from: {image: base}
  - copy: {sources: [a.txt, b.txt], to: /srv/, chown: 'app:app', chmod: '0640'}
  - copy: {from: base, sources: [/hello], to: /hello}
  - add: {sources: ['https://example.com/x.tar'], to: /x}
  - run: {command: [ls, '-l'], mounts: ['type=secret,id=token']}
  - run: {script: "set -e\\nls\\n"}
  - config:
      author: Ann
      env: {B: 'say "hi" for $$5', A: '$B'}
      labels: {back: 'a\\b'}
      workingDir: /srv
      user: app
      ports: ['80', 53/udp]
      volumes: [/data]
      stopSignal: SIGINT
      entrypoint: [/bin/sh]
      cmd: ['-c', ls]
  - commit: {tags: [site:1]}
  - push: {to: [registry.example/site:1]}
`;

function buildOf(text: string): ImageBuildObject {
  const { builds, problems } = read(text);
  assert.deepEqual(codes(problems), []);
  const [build] = builds;
  assert.ok(build);
  return build;
}

test('declaredBuild() writes an instruction for each step, and knows where it was declared', () => {
  const { recipe, names, options, hasContext } = declaredBuild(buildOf(whole));
  assert.deepEqual(recipe.text.trimEnd().split('\n'), [
    'FROM localhost/bb:1 AS base',
    'RUN echo hello > /hello',
    'FROM base',
    'COPY --chown=app:app --chmod=0640 ["a.txt","b.txt","/srv/"]',
    'COPY --from=base ["/hello","/hello"]',
    'ADD ["https://example.com/x.tar","/x"]',
    'RUN --mount=type=secret,id=token ["ls","-l"]',
    'RUN ["/bin/sh","-c","set -e\\nls\\n"]',
    'MAINTAINER Ann',
    'ENV "A"="$B"',
    'ENV "B"="say \\"hi\\" for \\$5"',
    'LABEL "back"="a\\\\b"',
    'WORKDIR /srv',
    'USER app',
    'EXPOSE 80',
    'EXPOSE 53/udp',
    'VOLUME ["/data"]',
    'STOPSIGNAL SIGINT',
    'ENTRYPOINT ["/bin/sh"]',
    'CMD ["-c","ls"]',
  ]);
  assert.deepEqual(
    [recipe.places?.[0], recipe.places?.[3], recipe.places?.at(-1)],
    ['a.yaml:7', 'a.yaml:10', 'a.yaml:15'],
  );
  assert.deepEqual([names, options.format, hasContext], [['site:1'], 'oci', true]);
});

test('declaredBuild() takes the format of Docker for what only that has a field for', () => {
  const check = 'config: {healthcheck: {command: [ls], interval: 5s, startPeriod: 1s, retries: 2}, onbuild: [RUN ls]}';
  const build = buildOf(`${head}  steps: [{from: {image: a}}, {${check}}, {commit: {tags: [x]}}]\n`);
  const { recipe, options, hasContext } = declaredBuild(build);
  assert.match(recipe.text, /HEALTHCHECK --interval=5s --start-period=1s --retries=2 CMD \["ls"\]\nONBUILD RUN ls\n$/);
  assert.deepEqual([options.format, hasContext], ['docker', false]);
});

const wrong: readonly (readonly [string, string, readonly string[], RegExp])[] = [
  ['a misspelt step', '  steps:\n  - {form: {image: a}}\n', ['6:6 error FIELD_UNKNOWN'], /Did you mean "from"/],
  [
    'a misspelt field',
    '  steps:\n  - from: {imag: a}\n',
    ['6:5 error FIELD_REQUIRED', '6:12 error FIELD_UNKNOWN'],
    /ImageBuild has no such field here/,
  ],
  [
    'two words in a step',
    '  steps: [{from: {image: a}, run: {script: ls}}, {commit: {tags: [x]}}]\n',
    ['5:30 error FIELD_CONFLICT'],
    /cannot stand together/,
  ],
  [
    'no base',
    '  steps: [{run: {script: ls}}, {commit: {tags: [x]}}]\n',
    ['5:11 error FIELD_VALUE'],
    /the first step has no "from"/,
  ],
  ['no commit', '  steps: [{from: {image: a}}]\n', ['5:3 error FIELD_REQUIRED'], /"commit" is missing/],
  [
    'a context elsewhere',
    '  context: ../x\n  steps: [{from: {image: a}}, {commit: {tags: [x]}}]\n',
    ['5:3 error FIELD_VALUE'],
    /below that of this file/,
  ],
  [
    'files without a context',
    '  steps: [{from: {image: a}}, {copy: {sources: [x], to: /}}, {commit: {tags: [x]}}]\n',
    ['4:1 error FIELD_REQUIRED'],
    /"context" is missing/,
  ],
  [
    'a push before the commit',
    '  steps: [{from: {image: a}}, {push: {to: [x]}}, {commit: {tags: [x]}}]\n',
    ['5:31 error FIELD_VALUE'],
    /before "commit"/,
  ],
  [
    'a step after the commit',
    '  steps: [{from: {image: a}}, {commit: {tags: [x]}}, {run: {script: ls}}]\n',
    ['5:54 error FIELD_VALUE'],
    /after "commit"/,
  ],
  [
    'a port that is none',
    '  steps: [{from: {image: a}}, {config: {ports: ["8080", "53/udp", "8000-8010/tcp", "$PORT", abc]}}, {commit: {tags: [x]}}]\n',
    ['5:93 error FIELD_VALUE'],
    /found "?'?abc"?'?, expected a port from 1 to 65535/,
  ],
  [
    'an instruction smuggled in',
    '  steps: [{from: {image: a}}, {config: {user: "a\\nRUN ls"}}, {commit: {tags: [x]}}]\n',
    ['5:41 error FIELD_VALUE'],
    /line break/,
  ],
  [
    'a label smuggled in',
    '  steps: [{from: {image: a}}, {config: {labels: {"a\\nRUN ls": b}}}, {commit: {tags: [x]}}]\n',
    ['5:41 error FIELD_VALUE'],
    /line break/,
  ],
  [
    'a mount smuggled in',
    '  steps: [{from: {image: a}}, {run: {script: ls, mounts: ["a\\\\"]}}, {commit: {tags: [x]}}]\n',
    ['5:59 error FIELD_VALUE'],
    /backslash/,
  ],
];
for (const [name, spec, places, words] of wrong) {
  test(`an ImageBuild is refused for ${name}, with its place`, () => {
    const { builds, problems } = read(head + spec);
    assert.deepEqual(codes(problems), places);
    assert.match(problems.map(({ message, hint }) => `${message} ${hint}`).join('\n'), words);
    assert.equal(builds[0]?.usable, false);
  });
}

test('another version or kind of ours is an error, not a custom resource', () => {
  assert.deepEqual(codes(read(`${head.replace('v1alpha1', 'v9')}  steps: []\n`).problems), ['1:1 error API_VERSION']);
  const { problems } = read(`${head.replace('ImageBuild', 'ImageBuilds')}  steps: []\n`);
  assert.deepEqual([codes(problems), problems[0]?.hint], [['2:1 error KIND_UNKNOWN'], 'Did you mean "ImageBuild"']);
});

test('contextsIn() finds the contexts of ImageBuilds alone, and none outside', () => {
  const others = '---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\nspec: {context: other}\n';
  const outside = `---\n${head}  context: ../up\n`;
  assert.deepEqual(contextsIn({ path: 'a', directory: '/m', text: whole + others + outside }), ['/m/site']);
});

test('declaredImages() knows an image by every spelling, and refuses two builds of one name', () => {
  const context = { directory: '/manifests/site', file: '', digest: 'd' };
  const contexts = new Map([[context.directory, context]]);
  const one = declaredImages([buildOf(whole)], contexts);
  assert.ok(one.images.get(fullName('localhost/site:1'))?.declared);
  const two = declaredImages([buildOf(whole), buildOf(whole)], contexts);
  assert.deepEqual(codes(two.problems), ['6:3 error DUPLICATE_NAME']);
  assert.match(two.images.get(fullName('site:1'))?.fault ?? '', /two ImageBuilds/);
  const none = declaredImages([buildOf(whole)], new Map());
  assert.deepEqual(codes(none.problems), ['5:3 error REFERENCE_MISSING']);
  const changed = declaredImages([buildOf(whole)], new Map([[context.directory, { ...context, digest: 'e' }]]));
  assert.notEqual(changed.images.get(fullName('site:1'))?.digest, one.images.get(fullName('site:1'))?.digest);
});
