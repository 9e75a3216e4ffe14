import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { type Context, makeContext } from '../../src/cli/context.ts';
import { foresee } from '../../src/cli/foresee.ts';
import { apiPrefix } from '../../src/podman/http.ts';
import type { Outcome } from '../../src/reconcile/pass.ts';
import { type Recorded, readTree, writeTree } from './recorded.ts';

/** A host as it was recorded, with an engine that gives the recorded answers. */
interface Stage {
  readonly context: Context;
  readonly manifests: string;
  /** What the engine was asked. */
  readonly calls: string[];
}

async function stage(t: TestContext, recorded: Recorded): Promise<Stage> {
  const dir = await mkdtemp(join(tmpdir(), 'pdr-'));
  const [socket, state, manifests] = [join(dir, 's'), join(dir, 'state'), join(dir, 'manifests')];
  await mkdir(manifests);
  await writeTree(state, recorded.state);
  const files = Object.entries(recorded.manifests).map(([name, text]) => [name, { text }] as const);
  await writeTree(manifests, Object.fromEntries(files));
  const calls: string[] = [];
  const server = createServer((request, response) => {
    const path = request.url?.slice(apiPrefix.length).split('?')[0] ?? '';
    response.setHeader('Libpod-API-Version', recorded.engine);
    if (path !== '/_ping') calls.push(`${request.method} ${path}`);
    const body = path === '/_ping' ? 'OK' : recorded.answers[path];
    const status = body === undefined || request.method !== 'GET' ? 500 : 200;
    response.writeHead(status).end(JSON.stringify(body ?? { message: 'not recorded' }));
  });
  await new Promise<void>(resolve => server.listen(socket, () => resolve()));
  t.after(async () => {
    server.closeAllConnections();
    await new Promise(resolve => server.close(resolve));
    await rm(dir, { recursive: true });
  });
  const options = { engine: `unix://${socket}`, stateDir: state, owner: recorded.owner, quiet: true };
  const context = makeContext(options, new AbortController().signal);
  // Deadlines have passed since.
  const clock = { ...context.clock, now: () => recorded.atMs };
  return { context: { ...context, clock }, manifests, calls };
}

const see = ({ context, manifests }: Stage): Promise<Outcome> =>
  foresee(context, [manifests], { prune: true }, { showsSteps: true });

for (const file of (await readdir(import.meta.dirname)).filter(name => name.endsWith('.json')).sort()) {
  const recorded = JSON.parse(await readFile(join(import.meta.dirname, file), 'utf8')) as Recorded;
  describe(`what release ${recorded.release} left`, () => {
    test('is known whole, and nothing is to be done about it', async t => {
      const staged = await stage(t, recorded);
      const { plan, problems, notices, actual } = await see(staged);
      assert.deepEqual(problems, []);
      assert.deepEqual(notices, []);
      assert.deepEqual(
        plan.changes.filter(({ op }) => op !== 'keep'),
        [],
      );
      assert.deepEqual(plan.steps, []);
      assert.equal(plan.changes.length, 7);
      assert.ok([...actual.pods.values()].every(({ record, files }) => record !== undefined && files !== undefined));
      assert.deepEqual(staged.calls.toSorted(), ['GET /containers/json', 'GET /images/json', 'GET /volumes/json']);
      assert.deepEqual(await readTree(staged.context.paths.state), recorded.state);
    });

    test('is left alone where a later version has written a part of it', async t => {
      for (const name of Object.keys(recorded.state).filter(each => each.endsWith('.json'))) {
        const entry = recorded.state[name];
        assert.ok(entry !== undefined && 'text' in entry);
        const text = JSON.stringify({ ...JSON.parse(entry.text), version: 2 });
        const staged = await stage(t, { ...recorded, state: { ...recorded.state, [name]: { text } } });
        await assert.rejects(see(staged), { code: 'STATE_NEWER' }, name);
        assert.deepEqual(await readTree(staged.context.paths.state), { ...recorded.state, [name]: { text } });
      }
    });
  });
}
