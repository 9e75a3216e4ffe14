import { createColors } from 'picocolors';
import type { ResolveMemo } from '../desired/resolve.ts';
import type { ImageBuildObject } from '../manifest/image-build.ts';
import type { LoadMemo } from '../manifest/load.ts';
import type { Problem } from '../model/problem.ts';
import type { SecurityLevel } from '../model/security-level.ts';
import type { Snapshot, SourceFile } from '../model/source.ts';
import type { Loaded } from '../reconcile/ports.ts';
import type { Source } from '../source/source.ts';
import type { Context } from './context.ts';
import { CommandError } from './error.ts';

export interface LoadOptions {
  readonly owner: string;
  /** Makes every warning an error. */
  readonly strict: boolean;
  /** What pods are held to whose namespace says nothing. */
  readonly podSecurity?: SecurityLevel | undefined;
}

/** From snapshots to desired states; `builds` are the keys of what makes images, which no host runs. */
export type Load = (snapshot: Snapshot) => Promise<Loaded & { readonly builds: readonly string[] }>;

/**
 * Reads its own modules with the first snapshot: meanwhile the engine, which was asked before, makes its answer. What
 * did not change since the last snapshot is taken from memory.
 */
export function makeLoad({ owner, strict, podSecurity: level = 'privileged' }: LoadOptions): Load {
  let memo: { readonly load: LoadMemo; readonly resolve: ResolveMemo } | undefined;
  return async snapshot => {
    const [{ load, loadMemo }, { resolve, resolveMemo }] = await Promise.all([
      import('../manifest/load.ts'),
      import('../desired/resolve.ts'),
    ]);
    memo ??= { load: loadMemo(), resolve: resolveMemo() };
    const parsed = load(snapshot.files, { strict, memo: memo.load });
    const earlier = [...snapshot.problems, ...parsed.problems];
    const admission = { level, namespaces: parsed.levels };
    const { builds } = parsed;
    const resolved = resolve(parsed.objects, snapshot, earlier, { owner, memo: memo.resolve, admission, builds });
    const loaded = { desired: resolved.desired, problems: [...earlier, ...resolved.problems] };
    return {
      ...(strict ? refuseWarnings(loaded) : loaded),
      builds: builds.filter(({ usable }) => usable).map(buildKey),
    };
  };
}

function buildKey({ object }: ImageBuildObject): string {
  const { name, namespace = 'default' } = object.metadata;
  return `ImageBuild/${namespace}/${name}`;
}

/** Under --strict an object with a warning is held like one with an error. */
function refuseWarnings({ desired, problems }: Loaded): Loaded {
  const warnings = problems.filter(problem => problem.severity === 'warning');
  if (warnings.length === 0) return { desired, problems };
  const held = new Map(desired.held);
  for (const { key, message, file, line } of warnings) {
    if (key !== undefined && !held.has(key)) held.set(key, `${message} (${file}:${line})`);
  }
  const pods = new Map([...desired.pods].filter(([, pod]) => !held.has(pod.declaredBy)));
  return {
    desired: { ...desired, pods, held, complete: false },
    problems: problems.map(problem => ({ ...problem, severity: 'error' })),
  };
}

/** Directories that the ImageBuilds of a manifest copy from. Its modules are those that the first load reads anyway. */
export async function contextsIn(file: SourceFile): Promise<readonly string[]> {
  return (await import('../manifest/image-build.ts')).contextsIn(file);
}

/** Files, directories and standard input, as the user named them. */
export async function openPaths(paths: readonly string[]): Promise<Source> {
  const { pathsSource } = await import('../source/paths.ts');
  return pathsSource(paths, { cwd: process.cwd(), stdin: readStdin, contextsIn });
}

async function readStdin(): Promise<string> {
  if (process.stdin.isTTY) {
    throw new CommandError('Cannot read manifests from standard input: it is a terminal', {
      hint: 'Pipe them in, as in: cat web.yaml | podstead apply -',
    });
  }
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

/** Prints problems for people, each with its line and a caret, to standard error. */
export async function printProblems(context: Context, problems: readonly Problem[]): Promise<void> {
  if (problems.length === 0) return;
  const [{ formatProblem }, { sortProblems }] = await Promise.all([
    import('../manifest/show.ts'),
    import('./problems.ts'),
  ]);
  const { terminal } = context;
  const { red, yellow, dim, green } = createColors(terminal.errColor);
  const colours = { error: red, warning: yellow, dim, mark: green };
  for (const problem of sortProblems(problems)) terminal.err(`${formatProblem(problem, colours)}\n`);
}
