/** What stands in a path of a tree: `spec.containers[0].name`, a map's odd keys in quotes: `metadata.labels["a/b"]`. */
export type Path = string;

/** A change to a tree; `undefined` removes the member. */
export type Change = readonly [path: Path, value: unknown];

/** Changes that together are one damage. */
export type Changes = readonly Change[];

type Tree = Record<string | number, unknown>;

/** A copy of a tree with changes made to it. */
export function changed(tree: object, ...changes: readonly Change[]): object {
  const copy = structuredClone(tree) as Tree;
  for (const [path, value] of changes) {
    const parts = partsOf(path);
    const last = parts.pop() ?? '';
    const owner = parts.reduce<Tree>((each, part) => {
      each[part] ??= {};
      return each[part] as Tree;
    }, copy);
    if (value === undefined) delete owner[last];
    else owner[last] = value;
  }
  return copy;
}

/** Every path of a tree but its root, with its value. */
export function* walk(tree: unknown, path: Path = ''): Generator<readonly [Path, unknown]> {
  if (typeof tree !== 'object' || tree === null) return;
  for (const [key, value] of Object.entries(tree)) {
    const here = Array.isArray(tree)
      ? `${path}[${key}]`
      : /^[\w-]+$/.test(key)
        ? `${path}${path && '.'}${key}`
        : `${path}[${JSON.stringify(key)}]`;
    yield [here, value];
    yield* walk(value, here);
  }
}

function partsOf(path: Path): (string | number)[] {
  return [...path.matchAll(/\[(\d+)\]|\[("[^"]*")\]|([^.[\]]+)/g)].map(([, index, quoted, plain]) =>
    index !== undefined ? Number(index) : quoted !== undefined ? (JSON.parse(quoted) as string) : (plain ?? ''),
  );
}

/** One path each, and the value that it may not have. */
export function single(...changes: Changes): readonly Changes[] {
  return changes.map(change => [change]);
}

/** One path, and values for it. */
export function values(path: Path, ...all: readonly unknown[]): readonly Changes[] {
  return all.map(value => [[path, value]]);
}

/** A text of so many letters. */
export function long(length: number): string {
  return 'a'.repeat(length);
}

/** What is no DNS label. */
export const notLabels: readonly string[] = ['', 'A', 'a_b', '-a', 'a-', 'a.b', long(64), 'a b'];
/** What is no DNS subdomain. */
export const notSubdomains: readonly string[] = ['A', 'a_b', '-a', 'a-', '.a', 'a..b', long(254), 'a/b'];
/** What is no key of a label. */
export const notKeys: readonly string[] = [
  '',
  'a b',
  '/a',
  'a/',
  'a/b/c',
  '-a',
  'a-',
  'A/b/',
  `${long(64)}`,
  'UPPER/a',
  'a@b',
];
