import assert from 'node:assert/strict';
import { test } from 'node:test';
import { basesOf } from '../../src/bundle/bases.ts';
import { instructionsOf } from '../../src/bundle/containerfile.ts';

const base = 'localhost/b:1';

test('instructionsOf() joins what goes on in the next line, past comments and blank lines', async () => {
  const read = async (text: string): Promise<readonly string[]> =>
    (await instructionsOf(text)).map(({ keyword, flags, words }) => [keyword, ...flags, ...words].join(' '));
  for (const between of ['', '# a note\n', '   # a note\n', '\n', ' \t\n\n'])
    assert.deepEqual(await read(`from x\nCOPY \\\n${between} a \\ \t\n b\nRUN c`), ['FROM x', 'COPY a b', 'RUN c']);
  assert.deepEqual(await read('# C:\\\nFROM x\r\n  # y \\\r\n\r\nRUN y'), ['FROM x', 'RUN y']);
  assert.deepEqual(await read('# syntax=a/b:1\n# escape=`\nFROM x\nRUN dir C:\\\nCOPY `\n a b'), [
    'FROM x',
    'RUN dir C:\\',
    'COPY a b',
  ]);
  assert.deepEqual(await read('\n# escape=`\nFROM \\\n x'), ['FROM x'], 'what follows anything else is a comment');
  assert.deepEqual(await read('FROM x\nRUN y \\'), ['FROM x', 'RUN y']);
});

test('basesOf() reads what a Containerfile starts from, and whose files its steps take', async () => {
  const file = `ARG TAG=1
FROM --platform=linux/amd64 quay.io/a/base:1 AS Build
RUN echo FROM nothing
FROM scratch
from build as last
FROM a.io/b:$TAG
FROM \\
  a.io/c:2
FROM a.io/c:2 AS again
COPY --from=build --chown=1 /a /b
COPY --chmod=0755 --from=a.io/lent:1 /a /b
COPY --from=0 /a /b
RUN --mount=type=bind,from=a.io/tools:3,target=/t --mount=from=again,target=/u make --from=nothing
RUN --mount=from=$TOOLS,target=/t make
COPY --from /a /b
`;
  const { named, open } = await basesOf(file);
  assert.deepEqual(named, ['quay.io/a/base:1', 'a.io/c:2', 'a.io/lent:1', 'a.io/tools:3']);
  assert.deepEqual(open, ['a.io/b:$TAG', '$TOOLS']);
});

test('basesOf() finds images however their lines are cut', async () => {
  for (const text of [
    `FROM ${base}\n`,
    `FROM --platform=linux/arm64 \\\n ${base} AS one\nFROM ONE\n`,
    `# see C:\\\nFROM ${base}\n`,
    `FROM scratch\n# COPY \\\nCOPY --from=${base} a b\n`,
    `FROM scratch\nCOPY --chown=1:1 \\\n# c\n\n --from=${base} /a /b\n`,
    `FROM scratch\nCOPY --from="${base}" /a /b\n`,
    `# escape=\`\nFROM scratch\nCOPY \`\n --from=${base} /a /b\n`,
    `FROM scratch\nRUN --mount=type=bind,from=${base},target=/x \\\n ls\n`,
    `FROM scratch AS s\nRUN --mount="from=${base},target=/x" ls\nFROM s\nCOPY --from=0 a b\nCOPY --from=s a b\n`,
  ]) {
    const { named, open, fetches, isUnclear } = await basesOf(text);
    assert.deepEqual(
      { named, open, fetches, isUnclear },
      { named: [base], open: [], fetches: false, isUnclear: false },
      text,
    );
  }
});

test('basesOf() tells what only arguments tell, what fetches, and what it does not understand', async () => {
  assert.deepEqual((await basesOf('ARG B\nFROM $B\nCOPY --from=$B.x a b\n')).open, ['$B', '$B.x']);
  for (const add of ['http://x/y /z', '--chmod=1 \\\n# c\nhttps://x/y /z', '["git@x:y", "/z"]', '$FROM /z'])
    assert.ok((await basesOf(`FROM x\nADD ${add}\n`)).fetches, add);
  assert.ok(!(await basesOf('FROM x\n# ADD http://x/y /z\nADD a.tar /z\nRUN curl http://x\n')).fetches);
  for (const text of ['FROM x\nRUN <<END\nFROM y\nEND\n', 'FROM x y z\n', 'FROM x\n#include "y"\nINCLUDE y\n'])
    assert.ok((await basesOf(text)).isUnclear, text);
});
