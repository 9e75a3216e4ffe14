import assert from 'node:assert/strict';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { loadAll } from 'js-yaml';
import { bundle } from '../../scripts/bundle.mjs';
import { followed } from '../../src/desired/tuning.ts';
import { support } from '../../src/manifest/support.ts';
import type { Kind } from '../../src/model/key.ts';
import { afterAnnotation } from '../../src/model/order.ts';
import { annotatedElsewhere, elsewhere, everyField } from './every-field.ts';
import { freePort, run } from './host.ts';
import { cleanUps, type Host, host } from './podstead.ts';
import { copySample } from './sample.ts';
import { type Ended, runCut } from './victim.ts';

/** A fault of our own in how manifests become calls of the engine, as a later version may mend one. */
interface Mapping {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

const mappings: readonly Mapping[] = [
  { file: 'src/podman/limits.ts', from: 'const sharesPerCpu = 1024', to: 'const sharesPerCpu = 512' },
  { file: 'src/podman/limits.ts', from: 'swap: memoryLimitBytes', to: 'swap: 2 * memoryLimitBytes' },
  { file: 'src/podman/container-spec.ts', from: "systemd: 'false'", to: "systemd: 'false', umask: '0027'" },
  { file: 'src/podman/pod-spec.ts', from: "exit_policy: 'continue'", to: "exit_policy: 'stop'" },
];

describe('a fixed point on a real engine', () => {
  const cleaning = cleanUps();
  let on: Host;
  let text: string;
  before(async () => {
    on = await host(cleaning);
    const directory = join(on.source, '..', 'volumes');
    await mkdir(join(directory, 'host', 'inner'), { recursive: true });
    await mkdir(join(directory, 'host', 'front'), { recursive: true });
    await copySample(on.source);
    text = everyField({ directory, port: await freePort() });
    await on.write({ 'every-field.yaml': text });
  });

  /** Runs a command to its end, and tells the calls by which it changed the engine; probes leave it as it is. */
  const noted = async (...args: string[]): Promise<Ended & { readonly writes: readonly string[] }> => {
    const ended = await runCut(on, args);
    const writes = ended.effects.filter(effect => /^(POST|PUT|DELETE) /.test(effect) && !/\/exec(\/|$)/.test(effect));
    return { ...ended, writes };
  };

  test('every honoured field stands in a manifest here', () => {
    const documents = loadAll(text) as { kind: string }[];
    for (const [kind, rows] of Object.entries(support)) {
      const missing = rows
        .filter(({ verdict }) => verdict === 'honoured')
        .map(({ path }) => path)
        .filter(path => !isTried(kind as Kind, path, documents));
      assert.deepEqual(missing, [], `${kind}: add what is honoured to test/e2e/every-field.ts`);
    }
  });

  test('so does every annotation that is followed', () => {
    interface Annotated {
      readonly metadata: { readonly annotations?: Readonly<Record<string, string>> };
      readonly spec?: { readonly template?: Annotated };
    }
    const documents = loadAll(text) as Annotated[];
    const keysOf = ({ metadata, spec }: Annotated): readonly string[] => [
      ...Object.keys(metadata.annotations ?? {}),
      ...(spec?.template ? keysOf(spec.template) : []),
    ];
    const tried = documents.flatMap(keysOf);
    const missing = [...followed, afterAnnotation]
      .filter(name => annotatedElsewhere[name] === undefined)
      .filter(name => !tried.some(each => each === name || each.split('/')[0] === name));
    assert.deepEqual(missing, [], 'add what is followed to test/e2e/every-field.ts');
  });

  test('the samples and every field apply; the second plan is empty, and a third apply writes nothing', async () => {
    const applied = await on.podstead('apply', on.source);
    assert.equal(applied.code, 0, applied.stderr);
    const plan = await noted('plan', on.source);
    assert.equal(plan.code, 0, plan.output);
    const third = await noted('apply', on.source);
    assert.equal(third.code, 0, third.output);
    assert.deepEqual([plan.writes, third.writes], [[], []]);
  });

  test('the plan is empty with the records lost, too', async () => {
    const before = [...(await on.containers()).values()].map(({ Id, StartedAt }) => `${Id} ${StartedAt}`).sort();
    await rm(join(on.state, 'podstead', 'pods'), { recursive: true });
    const applied = await noted('apply', on.source);
    assert.equal(applied.code, 0, applied.output);
    assert.deepEqual(applied.writes, []);
    assert.equal((await on.podstead('plan', on.source)).code, 0);
    const after = [...(await on.containers()).values()].map(({ Id, StartedAt }) => `${Id} ${StartedAt}`).sort();
    assert.deepEqual(after, before);
  });

  test('another version, which maps fields otherwise, finds nothing to do; apply --refresh takes its mapping over', async () => {
    const other = await builtWith(mappings);
    const plan = await run('node', [other, 'plan', on.source], on.env);
    assert.equal(plan.code, 0, plan.stdout + plan.stderr);
    const before = await on.containers();
    const kept = await run('node', [other, 'apply', on.source], on.env);
    assert.equal(kept.code, 0, kept.stderr);
    assert.deepEqual(idsOf(await on.containers()), idsOf(before));
    const umask = async (): Promise<string> =>
      (await on.engine.podman('inspect', '--format', '{{.Config.Umask}}', 'shop_front-main')).stdout.trim();
    assert.equal(await umask(), '0022');

    assert.equal((await run('node', [other, 'plan', '--refresh', on.source], on.env)).code, 2);
    const refreshed = await run('node', [other, 'apply', '--refresh', on.source], on.env);
    assert.equal(refreshed.code, 0, refreshed.stderr);
    assert.equal(await umask(), '0027');
    const after = await on.containers();
    assert.deepEqual([...after.keys()].sort(), [...before.keys()].sort());
    assert.deepEqual(
      idsOf(after).filter(id => idsOf(before).includes(id)),
      [],
    );
    const back = await noted('apply', on.source);
    assert.equal(back.code, 0, back.output);
    assert.deepEqual(back.writes, [], 'nor does the way back restart anything');
  });

  /** A bundle of the program with its mapping changed. */
  async function builtWith(changes: readonly Mapping[]): Promise<string> {
    const outfile = join(on.runtime, 'other.cjs');
    await bundle(outfile, {
      plugins: [
        {
          name: 'another mapping',
          setup(steps) {
            steps.onLoad({ filter: /src\/podman\/(container-spec|pod-spec|limits)\.ts$/ }, async ({ path }) => {
              const mine = changes.filter(({ file }) => path.endsWith(file));
              let contents = await readFile(path, 'utf8');
              for (const { from, to } of mine) {
                assert.ok(contents.includes(from), `${path} has ${from}`);
                contents = contents.replace(from, to);
              }
              return { contents, loader: 'ts' };
            });
          },
        },
      ],
    });
    return outfile;
  }
});

function idsOf(containers: ReadonlyMap<string, { readonly Id: string }>): readonly string[] {
  return [...containers.values()].map(({ Id }) => Id).sort();
}

/** Whether a document of that kind has something at a path. Containers and init containers have the same fields, as have templates and pods. */
function isTried(kind: Kind, path: string, documents: readonly { readonly kind: string }[]): boolean {
  const inPod = path.replace(/^spec\.template\.(spec|metadata)\b/, '$1');
  const [owner, wanted] = inPod === path ? [kind, path] : ['Pod', inPod];
  const plain = wanted.replace('initContainers[]', 'containers[]');
  if (elsewhere[plain] !== undefined) return true;
  const paths = [wanted, plain].map(each => each.split('.'));
  return documents
    .filter(document => document.kind === owner)
    .some(document => paths.some(each => has(document, each)));
}

function has(value: unknown, [field, ...rest]: readonly string[]): boolean {
  if (field === undefined) return value !== undefined;
  if (typeof value !== 'object' || value === null) return false;
  const inner: unknown = Reflect.get(value, field.replace('[]', ''));
  if (!field.endsWith('[]')) return has(inner, rest);
  return Array.isArray(inner) && inner.some(item => has(item, rest));
}
