// `node --import tsx bench/passes.ts [--rounds N] [--write]` after `npm run build`: a booted Debian 12, kept once by passes that
// systemd starts (`install --no-resident`) and once by the resident agent; from an edit and from a kill to running.
// --write keeps the table in docs/benchmarks.md.
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { eventually } from '../test/e2e/podstead.ts';
import { type Machine, machine } from '../test/machine/machine.ts';
import { debian12 } from '../test/machine/machine-root.ts';
import { containersOf, makeImage } from '../test/machine/pods.ts';
import { onePod } from './manifests.ts';
import { type Figures, figuresOf } from './measure.ts';

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, write: { type: 'boolean', default: false } },
});
const rounds = Number(values.rounds);
/** Pods that stand all the while. */
const standing = 10;
/** For what an event set off to come to its end before the next: nothing is to help it along. */
const calmMs = 5000;
const whos = [
  { name: 'passes', install: ['podstead', 'install', '--no-resident'] },
  { name: 'agent', install: ['podstead', 'install'] },
] as const;
type Runs = Readonly<Record<'edit' | 'kill', readonly number[]>>;

const cleanUps: (() => Promise<void>)[] = [];
try {
  const on = await machine({ after: fn => void cleanUps.push(fn) }, debian12);
  await makeImage(on.must);
  const source = join(on.root, 'etc/podstead/manifests');
  await mkdir(source, { recursive: true });
  for (let index = 0; index < standing; index++) await put(source, `stands-${index}`);
  const found: Record<string, Runs> = {};
  // In turn, so that a noisy minute hits both.
  for (let turn = 0; turn < 2; turn++) {
    for (const { name, install } of whos) {
      await on.must(...install);
      await eventually(
        'all stand',
        () => runningCount(on),
        count => count === standing,
      );
      const { edit, kill } = await measured(on, source, `${name}-${turn}`);
      const { edit: edits = [], kill: kills = [] } = found[name] ?? {};
      found[name] = { edit: [...edits, ...edit], kill: [...kills, ...kill] };
    }
  }
  const table = tableOf(found);
  process.stdout.write(`${table}\n`);
  if (values.write) await show(table);
} finally {
  for (const cleanUp of cleanUps.reverse()) await cleanUp();
}

async function measured(on: Machine, source: string, prefix: string): Promise<Runs> {
  const [edit, kill]: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    const name = `${prefix}-${round}`;
    await atRest(on);
    const writtenMs = await put(source, name);
    const first = await lifeOf(on, `${name}-main`, undefined);
    edit.push(first.startedMs - writtenMs);
    await atRest(on);
    // The first end is answered at once, later ones after their back-off: so each pod is killed once.
    await on.must('podman', 'kill', `${name}-main`);
    const second = await lifeOf(on, `${name}-main`, first);
    kill.push(second.startedMs - second.endedMs);
    process.stderr.write(`  ${name}: edit ${edit.at(-1)?.toFixed(0)} ms, kill ${kill.at(-1)?.toFixed(0)} ms\n`);
    await atRest(on);
    await rm(join(source, `${name}.yaml`));
    await eventually(
      'it is gone',
      () => containersOf(on.must),
      all => all[`${name}-main`] === undefined,
    );
  }
  return { edit, kill };
}

/** No pass is under way or just ending: what happens then waits for the timer, which is not what is measured. */
async function atRest(on: Machine): Promise<void> {
  await sleep(calmMs);
  const state = async (): Promise<string> =>
    (await on.systemctl('show', '--value', '--property=ActiveState', 'podstead-pass.service')).trim();
  await eventually('no pass is under way', state, found => found === 'inactive' || found === 'failed');
  const path = async (): Promise<string> =>
    (await on.systemctl('show', '--value', '--property=LoadState,SubState', 'podstead-pass.path')).trim();
  await eventually('systemd watches', path, found => /not-found|waiting/.test(found));
}

/** Writes a manifest as editors and git do: another file, renamed over it. Resolves to when that was, in ms. */
async function put(source: string, name: string): Promise<number> {
  const path = join(source, `${name}.yaml`);
  await writeFile(`${path}.new`, onePod(name, 0));
  await rename(`${path}.new`, path);
  return (await stat(path, { bigint: false })).ctimeMs;
}

interface Life {
  readonly startedMs: number;
  /** Of the run before. */
  readonly endedMs: number;
}

/** When the engine says that a container's latest run began, once that is another one; its clock is ours. */
async function lifeOf(on: Machine, name: string, before: Life | undefined): Promise<Life> {
  const format = '{{.State.Status}} {{.State.StartedAt.UnixNano}} {{.State.FinishedAt.UnixNano}}';
  const look = async (): Promise<readonly string[]> =>
    (await on.run('podman', 'inspect', '--format', format, name)).stdout.trim().split(' ');
  const [, started, ended] = await eventually(
    `${name} runs${before === undefined ? '' : ' again'}`,
    look,
    ([state, at]) => state === 'running' && Number(at) / 1e6 !== before?.startedMs,
  );
  return { startedMs: Number(started) / 1e6, endedMs: Number(ended) / 1e6 };
}

async function runningCount(on: Machine): Promise<number> {
  const all = Object.entries(await containersOf(on.must));
  return all.filter(([name, { State }]) => !name.startsWith('infra:') && State === 'running').length;
}

function tableOf(found: Readonly<Record<string, Runs>>): string {
  const rows = (['edit', 'kill'] as const).map(what => {
    const [passes, agent] = whos.map(({ name }) => figuresOf(found[name]?.[what] ?? []));
    if (passes === undefined || agent === undefined) throw new Error('nothing was measured');
    const ratio = (passes.median / agent.median).toFixed(1);
    return `| ${what} to running | ${told(passes)} | ${told(agent)} | ${ratio} |`;
  });
  const runs = found.passes?.edit.length ?? 0;
  return [`| ${runs} runs each | passes | the agent | ratio |`, '|---|---|---|---|', ...rows].join('\n');
}

function told({ median, min, max }: Figures): string {
  return `${median.toFixed(0)} ms (${min.toFixed(0)} to ${max.toFixed(0)})`;
}

async function show(table: string): Promise<void> {
  const about = `**Without a resident agent**: \`node --import tsx bench/passes.ts --write\`, in a booted Debian 12 that keeps ${standing} pods, by
\`install --no-resident\` and by \`install\` in turn. From a manifest's rename, or the end of a container whose process was
killed, to the start of the container that answers it, as the engine notes both.
`;
  const page = resolve(import.meta.dirname, '../docs/benchmarks.md');
  const old = await readFile(page, 'utf8');
  await writeFile(page, old.replace(/(<!-- passes -->\n)[\s\S]*(<!-- end of passes -->)/, `$1${about}\n${table}\n$2`));
}
