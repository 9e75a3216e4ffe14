import type { Kind } from '../model/key.ts';
import { canonical } from './canon.ts';
import { pointer } from './place.ts';
import type { Report } from './report.ts';
import { type Row, support } from './support.ts';

/** The table as a tree: one step a field, `*` for any other key of a map. */
interface Branch {
  readonly row: Row | undefined;
  readonly fields: ReadonlyMap<string, Branch>;
}

interface Growing {
  row: Row | undefined;
  readonly fields: Map<string, Growing>;
}

const trees: { readonly [K in Kind]: Branch } = {
  Pod: grow(support.Pod),
  Deployment: grow(support.Deployment),
  ConfigMap: grow(support.ConfigMap),
  Secret: grow(support.Secret),
  PersistentVolumeClaim: grow(support.PersistentVolumeClaim),
};

/** Reports every field that Kubernetes has and Podstead does not run. Unknown fields are passed over. */
export function reportUnsupported(
  kind: Kind,
  value: unknown,
  report: Report,
  opts: { readonly strict: boolean },
): void {
  visit(trees[kind], value, '', report, opts.strict ? 'error' : 'warning');
}

/** The row that decides about a path of the table's form; undefined where there is none. */
export function rowFor(kind: Kind, path: string): Row | undefined {
  let branch: Branch | undefined = trees[kind];
  for (const part of path.split('.')) {
    branch = branch.fields.get(part.replace('[]', '')) ?? branch.fields.get('*');
    if (!branch) return undefined;
    if (branch.row && branch.fields.size === 0) return branch.row;
  }
  return branch.row;
}

function visit(branch: Branch, value: unknown, at: string, report: Report, ignored: 'error' | 'warning'): void {
  if (branch.row && decide(branch.row, value, at, report, ignored)) return;
  if (branch.fields.size === 0) return;
  if (Array.isArray(value)) {
    for (const [i, item] of value.entries()) visitFields(branch, item, pointer(at, i), report, ignored);
  } else {
    visitFields(branch, value, at, report, ignored);
  }
}

function visitFields(branch: Branch, value: unknown, at: string, report: Report, ignored: 'error' | 'warning'): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return;
  for (const key of Object.keys(value)) {
    const next = branch.fields.get(key) ?? branch.fields.get('*');
    if (next) visit(next, (value as Readonly<Record<string, unknown>>)[key], pointer(at, key), report, ignored);
  }
}

/** Reports by a row; true when nothing below needs a look. */
function decide(row: Row, value: unknown, at: string, report: Report, ignored: 'error' | 'warning'): boolean {
  if (row.verdict === 'honoured') {
    if (row.only && !row.only.includes(value)) {
      const allowed = row.only.map(v => JSON.stringify(v)).join(' or ');
      report(at, {
        code: 'FIELD_UNSUPPORTED',
        found: `only ${allowed} is supported here`,
        hint: 'Use one of these values',
      });
    }
    return false;
  }
  const passes = row.silent === 'any' || row.silent.some(each => canonical(each) === canonical(value));
  if (passes) return true;
  if (row.verdict === 'ignored') {
    report(at, {
      code: 'FIELD_UNSUPPORTED',
      found: 'it has no effect on a single host',
      hint: 'Leave it for the cluster, or remove it',
      severity: ignored,
    });
  } else {
    report(at, {
      code: 'FIELD_UNSUPPORTED',
      found: `Podstead does not support it${row.note ? ` (${row.note})` : ''}`,
      hint: 'Remove the field, or run this object elsewhere; docs/kubernetes.md lists what is supported',
    });
  }
  return true;
}

function grow(rows: readonly Row[]): Branch {
  const root: Growing = { row: undefined, fields: new Map() };
  for (const row of rows) {
    let branch = root;
    for (const part of row.path.split('.').map(part => part.replace('[]', ''))) {
      const next = branch.fields.get(part) ?? { row: undefined, fields: new Map() };
      branch.fields.set(part, next);
      branch = next;
    }
    branch.row = row;
  }
  return root;
}
