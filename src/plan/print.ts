import type { DesiredVolume } from '../model/desired.ts';
import type { Action, ActionOf, Change, ChangeOp, FieldChange, Plan, Step } from '../model/plan.ts';
import type { Location } from '../model/problem.ts';
import { bytes } from '../model/size.ts';

/** How text is coloured; the identity on what is no terminal. */
export type Paint = (style: 'add' | 'change' | 'remove' | 'hold' | 'dim' | 'strong', text: string) => string;

const plain: Paint = (_style, text) => text;

const marks: Readonly<Record<ChangeOp, { readonly mark: string; readonly style: Parameters<Paint>[0] }>> = {
  create: { mark: '+', style: 'add' },
  recreate: { mark: '±', style: 'change' },
  replace: { mark: '~', style: 'change' },
  update: { mark: '~', style: 'change' },
  start: { mark: '>', style: 'change' },
  restart: { mark: '>', style: 'change' },
  stop: { mark: '.', style: 'change' },
  remove: { mark: '-', style: 'remove' },
  check: { mark: '?', style: 'change' },
  keep: { mark: ' ', style: 'dim' },
  wait: { mark: '…', style: 'hold' },
  hold: { mark: '!', style: 'hold' },
};

/** The plan for people: what changes, why, what it costs, and the steps, each once; what stays is only counted. */
export function printPlan(plan: Plan, paint: Paint = plain): string {
  const printed = new Set<number>();
  const lines = plan.changes
    .filter(change => change.op !== 'keep')
    .flatMap(change => [...printChange(change, paint), ...printSteps(plan, change, printed, paint)]);
  const others = plan.steps.filter(step => !printed.has(step.id) && !isBookkeeping(step));
  const rest = others.map(step => `  ${paint('dim', `· ${describe(step.action)}`)}`);
  return [...lines, ...rest, summary(plan)].join('\n');
}

/** The field-level difference for people: path, last applied, desired, live. */
export function printDiff(plan: Plan, paint: Paint = plain): string {
  const shown = plan.changes.filter(change => change.op !== 'keep');
  return shown
    .flatMap(change => [...printChange(change, paint), ...change.fields.flatMap(field => printField(field, paint))])
    .join('\n');
}

/** `2 to create, 1 to replace, 12 up to date`. */
export function summary(plan: Plan): string {
  const words: Readonly<Record<ChangeOp, string>> = {
    create: 'to create',
    recreate: 'to recreate',
    replace: 'to change',
    update: 'to update',
    start: 'to start',
    restart: 'to restart',
    stop: 'to stop',
    remove: 'to remove',
    check: 'to check',
    wait: 'waiting',
    hold: 'held back',
    keep: 'up to date',
  };
  const parts = Object.entries(words).flatMap(([op, word]) => {
    const number = plan.changes.filter(change => change.op === op).length;
    return number === 0 ? [] : [`${number} ${word}`];
  });
  return parts.length === 0 ? 'Nothing is asked for and nothing is there' : parts.join(', ');
}

/** One step in words. */
export function describe(action: Action): string {
  switch (action.verb) {
    case 'pull':
      return `pull ${action.image.reference}${pinned(action)}`;
    case 'build':
      return `build ${action.image.reference} from ${action.image.build?.directory ?? '?'}`;
    case 'createVolume':
      return `create volume ${action.volume.engineName}${filledFrom(action.volume)}`;
    case 'createEmptyDir':
      return `create emptyDir ${action.volume}`;
    case 'writeFiles':
      return `write files of volume ${action.files.name} from ${action.files.from}`;
    case 'checkPorts':
      return `check that ${action.ports.map(port => `${port.hostPort}/${port.protocol}`).join(', ')} is free`;
    case 'createPod':
      return `create pod ${action.pod.engineName}`;
    case 'createContainer':
      return `create container ${action.container.engineName}`;
    case 'renameContainer':
      return `rename container ${action.name} back to ${action.engineName}`;
    case 'updateContainer':
      return `set limits of container ${action.name}`;
    case 'startContainer':
      return `${action.resumes ? 'let' : 'start'} container ${action.container.engineName}${action.resumes ? ' go on' : ''}`;
    case 'stopContainer':
      return `stop container ${action.name} (${action.preStop ? 'its preStop hook first, ' : ''}within ${action.graceSeconds} s)`;
    case 'stopInOrder':
      return `stop ${action.turns.map(namesOf).join(', then ')} (within ${action.graceSeconds} s together)`;
    case 'removeContainer':
      return `remove container ${action.name}`;
    case 'stopPod':
      return `stop ${action.pod} (within ${action.graceSeconds} s)`;
    case 'removePod':
      return `remove ${action.pod} (stops within ${action.graceSeconds} s)`;
    case 'removeEmptyPod':
      return `remove what may be left of ${action.pod}`;
    case 'startPod':
      return `start ${action.containers.join(', ')} of ${action.pod}`;
    case 'removeVolume':
      return `remove volume ${action.name}`;
    case 'removeNetwork':
      return `remove network ${action.name}`;
    case 'removeFiles':
      return `remove files of a pod that is gone (${action.uid})`;
    case 'writeRecord':
      return `note it in the record of ${action.pod}`;
    case 'removeRecord':
      return `forget ${action.pod}`;
  }
}

/** ` (sha256:1234abcd…, 12 MB)`. */
function pinned({ pinned }: ActionOf<'pull'>): string {
  if (pinned === undefined) return '';
  const [algorithm, hex = ''] = pinned.digest.split(':');
  return ` (${algorithm}:${hex.slice(0, 8)}…, ${pinned.isPresent ? 'here already' : bytes(pinned.bytes)})`;
}

function namesOf(turn: readonly { readonly name: string }[]): string {
  return turn.map(({ name }) => name).join(' and ');
}

/** `manifests/web.yaml:12`. */
export function place(location: Location | undefined): string {
  return location === undefined ? '' : `${location.file}:${location.line}`;
}

function printChange(change: Change, paint: Paint): string[] {
  const { mark, style } = marks[change.op];
  const where = place(change.location);
  const head = paint(style, `${mark} ${change.op.padEnd(8)} ${change.key}`);
  const due = change.untilMs === undefined ? '' : `, due ${new Date(change.untilMs).toISOString().slice(11, 19)}Z`;
  const cost = change.cost === '' ? '' : ` (${change.cost})`;
  return [`${head}${where === '' ? '' : paint('dim', `  ${where}`)}`, `    ${change.why}${due}${cost}`];
}

function printSteps(plan: Plan, change: Change, printed: Set<number>, paint: Paint): string[] {
  const own = plan.steps.filter(step => step.key === change.key && !isBookkeeping(step));
  const needed = new Set(own.flatMap(step => step.after));
  // Pulls and builds belong to nobody alone: they stand with the first who needs them.
  const before = plan.steps.filter(step => needed.has(step.id) && isFetch(step));
  const back = waysBack(plan);
  const lines: string[] = [];
  for (const step of [...before, ...own].filter(each => !printed.has(each.id))) {
    printed.add(step.id);
    lines.push(paint('dim', `      ${back.has(step.id) ? 'if that fails: ' : ''}${describe(step.action)}`));
  }
  return lines;
}

/** Steps that run only when another fails, and what follows them. */
function waysBack({ steps }: Plan): ReadonlySet<number> {
  const back = new Set<number>();
  for (const { id, when, after } of steps) if (when === 'failed' || after.some(each => back.has(each))) back.add(id);
  return back;
}

function isBookkeeping(step: Step): boolean {
  return ['writeRecord', 'removeRecord', 'removeEmptyPod'].includes(step.action.verb);
}

function isFetch({ action }: Step): boolean {
  return action.verb === 'pull' || action.verb === 'build';
}

function printField(field: FieldChange, paint: Paint): string[] {
  const where = place(field.location);
  const lines = [`    ${field.path}${where === '' ? '' : paint('dim', `  ${where}`)}`];
  if (field.applied !== undefined) lines.push(paint('remove', `      - ${field.applied}`));
  if (field.desired !== undefined) lines.push(paint('add', `      + ${field.desired}`));
  if (field.live !== undefined) lines.push(paint('hold', `      live: ${field.live}`));
  return lines;
}

function filledFrom({ importSource }: DesiredVolume): string {
  return importSource === undefined ? '' : `, filled from ${importSource}`;
}
