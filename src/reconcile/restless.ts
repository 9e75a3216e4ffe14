import type { Failure } from '../model/event.ts';
import type { Digest, Key } from '../model/key.ts';
import type { ChangeOp } from '../model/plan.ts';

/** So many changes to one wish within the window are not drift any more: we and the engine disagree. */
const most = 8;
const windowMs = 60_000;

/** Restarts have a back-off of their own. */
const changing: readonly (ChangeOp | undefined)[] = ['create', 'recreate', 'replace', 'update', 'remove'];

/**
 * Notices keys that are changed over and over with success and are never as desired: a fault in our comparison must
 * not replace somebody's pod without end.
 */
export class Restless {
  readonly #changes = new Map<Key, { readonly wish: Digest; readonly atMs: readonly number[] }>();

  /** Notes a change that succeeded. @returns the failure to make of it when there were too many */
  note(key: Key, wish: Digest, op: ChangeOp | undefined, now: number): Failure | undefined {
    if (!changing.includes(op)) return undefined;
    const known = this.#changes.get(key);
    const before = known?.wish === wish ? known.atMs : [];
    const atMs = [...before, now].filter(each => now - each < windowMs);
    this.#changes.set(key, { wish, atMs });
    if (atMs.length < most) return undefined;
    const message = `Cannot bring ${key} to rest: it was changed ${most} times within a minute and still differs`;
    const hint = 'Look for another tool that changes it; if there is none, report what "podstead diff" shows';
    return { code: 'RESTLESS', message, hint, transient: false };
  }
}
