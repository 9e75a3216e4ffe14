import type { CanonicalPod, DesiredPod, Json } from '../model/desired.ts';
import type { FieldChange } from '../model/plan.ts';
import { isObject } from './json.ts';

/** Longest value that a diff line shows, in characters. */
const longestShown = 80;

/**
 * The fields in which a pod's wish differs from what was last applied, sorted by path.
 *
 * @param applied undefined where no record tells: then nothing can be said field by field
 */
export function fieldChanges(pod: DesiredPod, applied: CanonicalPod | undefined): readonly FieldChange[] {
  if (applied === undefined) return [];
  const changes: FieldChange[] = [];
  walk(applied as unknown as Json, pod.canonical as unknown as Json, [], (path, was, is) => {
    changes.push({
      path: path
        .map(part => (/^[\w-]+$/.test(part) ? part : `[${part}]`))
        .join('.')
        .replaceAll('.[', '['),
      applied: show(was),
      desired: show(is),
      live: undefined,
      location: pod.locate(path.map(part => `/${part.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')),
    });
  });
  return changes;
}

/** Values that were found to be the same: records and wishes stay the same objects from pass to pass, and never change. */
const proven = new WeakMap<object, object>();

/** Whether two JSON values are the same, whatever the order of their keys; a member that is undefined is absent. */
export function sameJson(one: Json | undefined, other: Json | undefined): boolean {
  if (!isObject(one) || !isObject(other)) return isSame(one, other);
  if (proven.get(one) === other) return true;
  const same = isSame(one, other);
  if (same) proven.set(one, other);
  return same;
}

function isSame(one: Json | undefined, other: Json | undefined): boolean {
  if (one === other) return true;
  if (isObject(one) && isObject(other)) {
    for (const name of Object.keys(one)) if (!isSame(one[name], member(other, name))) return false;
    for (const name of Object.keys(other))
      if (member(one, name) === undefined && other[name] !== undefined) return false;
    return true;
  }
  if (!Array.isArray(one) || !Array.isArray(other) || one.length !== other.length) return false;
  return one.every((item, index) => isSame(item, other[index]));
}

/** A label may be called `toString`, which every object has. */
function member(object: Readonly<Record<string, Json>>, name: string): Json | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

type Visit = (path: readonly string[], was: Json | undefined, is: Json | undefined) => void;

function walk(was: Json | undefined, is: Json | undefined, path: readonly string[], visit: Visit): void {
  if (isObject(was) && isObject(is)) {
    const names = [...new Set([...Object.keys(was), ...Object.keys(is)])].sort();
    for (const name of names) walk(member(was, name), member(is, name), [...path, name], visit);
  } else if (Array.isArray(was) && Array.isArray(is)) {
    for (let index = 0; index < Math.max(was.length, is.length); index++) {
      walk(was[index], is[index], [...path, String(index)], visit);
    }
  } else if (was !== is) visit(path, was, is);
}

function show(value: Json | undefined): string | undefined {
  if (value === undefined) return undefined;
  const text = JSON.stringify(value);
  return text.length > longestShown ? `${text.slice(0, longestShown - 1)}…` : text;
}
