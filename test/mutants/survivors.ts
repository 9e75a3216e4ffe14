// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the text of the source
import type { MachineFault } from './machine.ts';

/** Machine-made faults that no test can or need find, and why. */
export interface Excuse {
  readonly why: string;
  /** File, source line that the fault begins in (without its indentation), text, and what stands in its place. */
  readonly of: readonly (readonly [file: string, code: string, from: string, to: string])[];
}

/** Faults that change nothing, or nothing that anybody is promised. One that is killed, or made no more, is one too many. */
export const excuses: readonly Excuse[] = [
  {
    why: 'a pod whose containers all have their names is the same made again',
    of: [
      [
        'src/plan/own-names.ts',
        'if ([...pod.initContainers, ...pod.containers].every(each => nameOf(each) === each.engineName)) return pod;',
        '[...pod.initContainers, ...pod.containers].every(each => nameOf(each) === each.engineName)',
        'false',
      ],
      [
        'src/plan/own-names.ts',
        'if ([...pod.initContainers, ...pod.containers].every(each => nameOf(each) === each.engineName)) return pod;',
        'each => nameOf(each) === each.engineName',
        '() => undefined',
      ],
      [
        'src/plan/own-names.ts',
        'if ([...pod.initContainers, ...pod.containers].every(each => nameOf(each) === each.engineName)) return pod;',
        'nameOf(each) === each.engineName',
        'false',
      ],
    ],
  },
  {
    why: 'a volume of another kind has no engineName, so no claim is found for it',
    of: [
      [
        'src/plan/conflict.ts',
        "volume => volume.type === 'claim' && claims.get(volume.engineName)?.singleWriter,",
        "volume.type === 'claim'",
        'true',
      ],
    ],
  },
  {
    why: 'a pod that is ours has its own name, so nobody else can have it',
    of: [
      [
        'src/plan/conflict.ts',
        'for (const name of present === undefined ? [pod.engineName, ...names] : names) {',
        'present === undefined',
        'true',
      ],
    ],
  },
  {
    why: 'a pod that is as desired has no field that differs',
    of: [
      [
        'src/plan/decide.ts',
        "fields: op === 'keep' ? [] : fieldsOf(pod, actual, record, opts),",
        "op === 'keep'",
        'false',
      ],
      ['src/plan/decide.ts', "fields: op === 'keep' ? [] : fieldsOf(pod, actual, record, opts),", "'keep'", '""'],
    ],
  },
  {
    why: 'in a pod that only has to be started there is nothing to repair',
    of: [
      ['src/plan/decide.ts', "const isStart = wanted.op === 'start' || wanted.op === 'restart';", "'start'", '""'],
      [
        'src/plan/decide.ts',
        "const isStart = wanted.op === 'start' || wanted.op === 'restart';",
        "wanted.op === 'start'",
        'false',
      ],
    ],
  },
  {
    why: 'a next try is waited for only where a failure is recorded',
    of: [
      [
        'src/plan/decide.ts',
        'const why = `${wanted.why}; failed ${times(record?.failure?.count ?? 1)}: ${record?.failure?.message}`;',
        'record?.failure?.count',
        'record?.failure.count',
      ],
      [
        'src/plan/decide.ts',
        'const why = `${wanted.why}; failed ${times(record?.failure?.count ?? 1)}: ${record?.failure?.message}`;',
        'record?.failure',
        'record.failure',
      ],
      [
        'src/plan/decide.ts',
        'const why = `${wanted.why}; failed ${times(record?.failure?.count ?? 1)}: ${record?.failure?.message}`;',
        'record?.failure?.message',
        'record?.failure.message',
      ],
    ],
  },
  {
    why: 'every work has an entry in the map',
    of: [
      [
        'src/plan/handover.ts',
        'const before = heirs.flatMap(key => made.get(key)?.all ?? []);',
        'made.get(key)?.all',
        'made.get(key).all',
      ],
      [
        'src/plan/steps.ts',
        'const before = [...(made.get(key)?.all ?? []), ...(handedOver.releases.get(key) ?? [])];',
        'made.get(key)?.all',
        'made.get(key).all',
      ],
      [
        'src/plan/steps.ts',
        'const after = [...(ready.get(key) ?? []), ...(made.get(key)?.all ?? [])];',
        'made.get(key)?.all',
        'made.get(key).all',
      ],
      [
        'src/plan/steps.ts',
        'const own = work.startsSandbox ? before : [made?.containers.get(container.name)];',
        'made?.containers',
        'made.containers',
      ],
    ],
  },
  {
    why: 'add() leaves out what is undefined',
    of: [['src/plan/handover.ts', 'return id === undefined ? [] : [id];', 'id === undefined', 'false']],
  },
  {
    why: "'now' is for objects that are not declared: nothing that is desired is declared by them",
    of: [
      [
        'src/plan/handover.ts',
        "key => removal === 'replaced' && desired.pods.get(key)?.declaredBy === old.declaredBy,",
        "removal === 'replaced'",
        'true',
      ],
    ],
  },
  {
    why: 'keys are unique, and V8 asks of an order only whether it is below 0',
    of: [
      [
        'src/plan/plan.ts',
        'a.change.key < b.change.key ? -1 : 1,',
        'a.change.key < b.change.key',
        'a.change.key <= b.change.key',
      ],
      ['src/plan/plan.ts', 'return a.key < b.key ? -1 : a.key > b.key ? 1 : 0;', 'a.key < b.key', 'a.key <= b.key'],
      ['src/plan/plan.ts', 'return a.key < b.key ? -1 : a.key > b.key ? 1 : 0;', 'a.key > b.key', 'true'],
      ['src/plan/plan.ts', 'return a.key < b.key ? -1 : a.key > b.key ? 1 : 0;', 'a.key > b.key', 'false'],
      ['src/plan/plan.ts', 'return a.key < b.key ? -1 : a.key > b.key ? 1 : 0;', 'a.key > b.key', 'a.key >= b.key'],
      ['src/plan/plan.ts', 'return a.key < b.key ? -1 : a.key > b.key ? 1 : 0;', 'a.key > b.key', 'a.key <= b.key'],
    ],
  },
  {
    why: 'names are unique: two are never equal',
    of: [
      [
        'src/plan/sweep.ts',
        'for (const volume of [...actual.volumes.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1))) {',
        'a.name < b.name',
        'a.name <= b.name',
      ],
      ['src/plan/sweep.ts', '.toSorted((a, b) => (a.key < b.key ? -1 : 1));', 'a.key < b.key', 'a.key <= b.key'],
      [
        'src/plan/prepare.ts',
        'for (const [reference, { always }] of [...wanted].toSorted(([a], [b]) => (a < b ? -1 : 1))) {',
        'a < b',
        'a <= b',
      ],
      [
        'src/plan/standing.ts',
        'const all = [...pod.containers.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));',
        'a.name < b.name',
        'a.name <= b.name',
      ],
    ],
  },
  {
    why: 'what stays is counted and not printed line by line',
    of: [
      ['src/plan/print.ts', "keep: { mark: ' ', style: 'dim' },", "{ mark: ' ', style: 'dim' }", '{}'],
      ['src/plan/print.ts', "keep: { mark: ' ', style: 'dim' },", "' '", '""'],
      ['src/plan/print.ts', "keep: { mark: ' ', style: 'dim' },", "'dim'", '""'],
    ],
  },
  {
    why: 'overtakenSteps() gives ids of the run alone',
    of: [
      [
        'src/apply/runner.ts',
        "if (entry?.state === 'pending') this.#end(entry, { outcome: 'skipped', step: entry.step, because });",
        'entry?.state',
        'entry.state',
      ],
      ['src/apply/runner.ts', "if (entry?.state !== 'running') return;", 'entry?.state', 'entry.state'],
    ],
  },
  {
    why: 'nobody listens to the abort of a step that has ended',
    of: [['src/apply/runner.ts', "if (entry?.state !== 'running') return;", "entry?.state !== 'running'", 'false']],
  },
  {
    why: 'what has no hook before its stop goes to the engine as it is, and a hook that is undefined is none',
    of: [
      [
        'src/apply/perform.ts',
        "if (action.verb === 'stopContainer') return stopHooked(action, ports, opts);",
        "action.verb === 'stopContainer'",
        'true',
      ],
      [
        'src/apply/hooked.ts',
        'await stopHooked(preStop === undefined ? stop : { ...stop, preStop }, { engine, hooks, clock }, opts);',
        'preStop === undefined',
        'false',
      ],
    ],
  },
  {
    why: 'an empty plan would be kept among those that run, which costs memory alone',
    of: [['src/apply/runner.ts', 'if (plan.steps.length === 0) return;', 'plan.steps.length === 0', 'false']],
  },
  {
    why: 'undefined is as false as false',
    of: [
      ['src/reconcile/attempts.ts', '} catch {', '{ return false; }', '{}'],
      [
        'src/reconcile/loop.ts',
        '{ watchSource: true, retryFirst: false, once: false, isDone: () => false, isFatal: () => false },',
        '() => false',
        '() => undefined',
      ],
    ],
  },
  {
    why: 'a view with an error is doubted before anything else is asked of it',
    of: [
      [
        'src/reconcile/drive.ts',
        'const kept = blind && (await turn({ ...ports, source: blind }, opts, works, { guard, retryNow: false })).outcome;',
        '{ guard, retryNow: false }',
        '{}',
      ],
      [
        'src/reconcile/drive.ts',
        "const snapshot = { revision: '', files: [], contexts: new Map(), problems: [problem], identity: '', busy: false };",
        'false',
        'true',
      ],
    ],
  },
  {
    why: 'a round of none does nothing',
    of: [
      [
        'src/reconcile/remember.ts',
        'for (let from = 0; from < wanted.length; from += width) {',
        'from < wanted.length',
        'from <= wanted.length',
      ],
    ],
  },
  {
    why: "what is neither 'guarded' nor 'all' prunes nothing",
    of: [
      [
        'src/reconcile/settle.ts',
        "{ ...loopDefaults, prune: 'none', resyncMs, ...opts, signal: leave.signal },",
        "'none'",
        '""',
      ],
    ],
  },
  {
    why: 'there is no floor of no urgency, and no number is above none',
    of: [
      [
        'src/reconcile/wake.ts',
        'return this.#urgency !== undefined && this.#clock.now() >= floorMs[this.#urgency];',
        'this.#urgency !== undefined',
        'true',
      ],
    ],
  },
  {
    why: 'a map of objects holds nothing else',
    of: [
      [
        'src/plan/fields.ts',
        'if (!isObject(one) || !isObject(other)) return isSame(one, other);',
        '!isObject(one) || !isObject(other)',
        '!isObject(one) && !isObject(other)',
      ],
    ],
  },
  {
    why: 'every image of a desired pod is among the desired images',
    of: [
      [
        'src/plan/plan.ts',
        'return busy.has(imageKey(reference)) && image !== undefined && !isImageReady(image, actual);',
        'image !== undefined',
        'true',
      ],
    ],
  },
  {
    why: 'whatever is neither to run nor to be skipped waits',
    of: [['src/apply/verdict.ts', "const wait: Verdict = { to: 'wait' };", "'wait'", '""']],
  },
  {
    why: 'the words of a fault that is ours alone',
    of: [
      [
        'src/apply/runner.ts',
        'if (entry === undefined) throw new Error(`A step waits on step ${id}, which its plan does not have`);',
        '`A step waits on step ${id}, which its plan does not have`',
        '``',
      ],
      [
        'src/apply/verdict.ts',
        'if (last === undefined) throw new Error(`Step ${step.id} is a way back from nothing: "after" is empty`);',
        '`Step ${step.id} is a way back from nothing: "after" is empty`',
        '``',
      ],
    ],
  },
];

/** Why a fault may survive; undefined where it may not. */
export function reasonFor({ file, code, from, to }: MachineFault): string | undefined {
  const wanted = [file, code, from, to].join('\n');
  return excuses.find(({ of }) => of.some(each => each.join('\n') === wanted))?.why;
}
