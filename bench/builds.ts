import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { compare, type Figures, timed } from './measure.ts';
import { type Arena, podstead } from './scenarios.ts';

/** Name of the scenario. */
export const buildScenario = 'a build of 10 steps';

/** A Containerfile of ten steps that do little, so that what is measured is the builders' own work. */
const file = `FROM localhost/bb:1
COPY a /a
COPY b /b
RUN echo 1 > /1
RUN echo 2 > /2
RUN mkdir /d && cp /a /d
ENV KEY=value
WORKDIR /d
RUN echo 3 > 3
CMD ["cat", "/1"]
`;

/** The same context built anew and out of the cache, by us and by Buildah on the same store. */
export async function builds(arena: Arena): Promise<ReadonlyMap<string, Figures>> {
  const { engine } = arena;
  const dir = await mkdtemp(join(arena.dir, 'build-'));
  await mkdir(join(dir, 'sub'));
  for (const [name, text] of Object.entries({ Containerfile: file, a: 'a', b: 'b', 'sub/c': 'c' }))
    await writeFile(join(dir, name), text);
  const store = ['--root', engine.root, '--runroot', engine.runroot];
  const ours = (...more: string[]) => podstead(arena, ['build', '-q', '-t', 'localhost/ours:1', ...more, dir]);
  const theirs = (...more: string[]) =>
    timed('buildah', [...store, 'bud', '-q', '--layers', '-t', 'localhost/theirs:1', ...more, dir], engine.env);
  // What the engine itself takes for the same, asked by its own command.
  const podman = (...more: string[]) =>
    timed(
      'podman',
      ['--remote', '--url', engine.url, 'build', '-q', '-t', 'localhost/podman:1', ...more, dir],
      engine.env,
    );
  return compare(
    [
      { name: 'podstead build, cold', run: () => ours('--no-cache') },
      { name: 'buildah build, cold', run: () => theirs('--no-cache') },
      { name: 'podman --remote build, cold', run: () => podman('--no-cache') },
      { name: 'podstead build, cached', before: async () => void (await ours()), run: () => ours() },
      { name: 'buildah build, cached', before: async () => void (await theirs()), run: () => theirs() },
    ],
    arena.rounds,
  );
}
