import type { Notice } from '../model/event.ts';
import type { Key } from '../model/key.ts';

/** An object must be absent from two listings at least so far apart, in milliseconds: editors and git write in steps. */
export const absenceMs = 2000;

/** What the guard remembers from listing to listing. */
export interface GuardState extends SavedGuard {
  /** When a complete listing first lacked the object, in milliseconds since the epoch. */
  readonly absentSince: ReadonlyMap<Key, number>;
  /** Absent objects whose removal was allowed; they no longer count as lost. */
  readonly allowed: ReadonlySet<Key>;
}

/** The part that outlives the program, so that a restart neither forgets the device nor lets a hold dissolve. */
export interface SavedGuard {
  /** {@link GuardView.identity} when the source was last seen whole; undefined before the first time. */
  readonly identity: string | undefined;
  /** How many objects were owned when the present losses began; undefined while nothing is lost. */
  readonly ownedBefore: number | undefined;
}

/** One listing of the source beside what we own. */
export interface GuardView {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Every object that the source declares, also those refused. */
  readonly declared: { has(key: Key): boolean };
  /** False while anything in the source has an error. */
  readonly complete: boolean;
  /** Something rewrites the source at this moment. */
  readonly busy: boolean;
  /** `dev:ino` of the source's root. */
  readonly identity: string;
  /** The source declares nothing at all. */
  readonly empty: boolean;
  /** The objects whose pods we have, by the key of what declared them. */
  readonly ownedDeclaredBy: ReadonlySet<Key>;
}

export interface GuardOptions {
  /** False where nothing is ever pruned. */
  readonly enabled: boolean;
  /** The user confirmed: emptied, moved and halved sources are taken at their word. */
  readonly allowEmpty: boolean;
}

export interface GuardVerdict {
  readonly state: GuardState;
  readonly prune: 'none' | ReadonlySet<Key>;
  readonly notices: readonly Notice[];
  /** When to list again, in milliseconds since the epoch, though nothing wakes us. */
  readonly nextMs?: number;
}

/** The state to begin with, after a restart too. */
export function newGuard(saved?: SavedGuard): GuardState {
  const { identity, ownedBefore } = saved ?? {};
  return { identity, ownedBefore, absentSince: new Map(), allowed: new Set() };
}

/** Why nothing is removed for now. */
interface Reason {
  readonly why: string;
  readonly hint: string;
  /** Listing again soon may show more, though nothing wakes us. */
  readonly again: boolean;
}

/** Decides which absent objects may be removed. Pure; its rules are promise 6 of the design. */
export function guard(state: GuardState, view: GuardView, opts: GuardOptions): GuardVerdict {
  if (!opts.enabled) return { state, prune: 'none', notices: [] };
  const absent = [...view.ownedDeclaredBy].filter(key => !view.declared.has(key)).toSorted();
  const doubt = doubtIn(view);
  // Two sure listings in a row are asked for, so absences begin anew after a doubtful one.
  if (doubt !== undefined) return hold({ ...state, absentSince: new Map(), allowed: new Set() }, view, absent, doubt);

  const lost = absent.filter(key => !state.allowed.has(key));
  // Nothing is missing: whatever device this is, it holds our objects.
  if (lost.length === 0) return { state: whole(view, new Set(absent)), prune: new Set(absent), notices: [] };

  const tracked: GuardState = {
    ...state,
    // Frozen while anything is lost: objects created meanwhile must not make the share look smaller.
    ownedBefore: state.ownedBefore ?? view.ownedDeclaredBy.size - (absent.length - lost.length),
    identity: state.identity ?? view.identity,
    // A clock set back must not make an absence look long, nor last for hours.
    absentSince: new Map(lost.map(key => [key, Math.min(state.absentSince.get(key) ?? view.now, view.now)])),
  };
  const suspicion = opts.allowEmpty ? undefined : suspicionOf(tracked, view, lost.length);
  return suspicion === undefined ? release(tracked, view, absent) : hold(tracked, view, lost, suspicion);
}

/** Why this listing proves nothing at all. */
function doubtIn(view: GuardView): Reason | undefined {
  if (!view.complete) {
    // A manifest that cannot be read is not an absent one.
    const why = 'the source has errors, so what is missing may only be unreadable';
    return { why, hint: 'Mend the errors; what is still missing then is removed', again: false };
  }
  if (view.busy) {
    // git writes a checkout file by file. Nobody tells when it has finished: its lock lies where we do not watch.
    const hint = 'Wait until git has finished; remove .git/index.lock if no git is running';
    return { why: 'git is rewriting the source', hint, again: true };
  }
  return undefined;
}

/** Why a loss like this is taken for an accident until somebody says otherwise. */
function suspicionOf({ identity, ownedBefore = 0 }: GuardState, view: GuardView, lost: number): Reason | undefined {
  const reason = (why: string): Reason => ({
    why,
    hint: 'Put the objects back, or confirm with --allow-empty that they shall go',
    again: false,
  });
  // An unmounted or half-synced directory is empty too; losing the only object counts.
  if (view.empty) return reason('the source turned empty');
  // A mount that came or went shows another device. The inode alone changes with each atomic deployment.
  if (deviceOf(identity ?? view.identity) !== deviceOf(view.identity)) {
    return reason('the source is on another device than before');
  }
  // Exactly half is an edit (1 of 2). So is 1 of 1 in a source that is not empty: a pod was renamed.
  if (ownedBefore >= 2 && lost * 2 > ownedBefore) {
    return reason(`${lost} of ${ownedBefore} objects, more than half, are gone from the source`);
  }
  return undefined;
}

function deviceOf(identity: string): string {
  return identity.split(':')[0] ?? '';
}

/** Lets go what has been absent for long enough; the rest is looked at again when its time has come. */
function release(state: GuardState, view: GuardView, absent: readonly Key[]): GuardVerdict {
  const isRipe = (key: Key): boolean => view.now - (state.absentSince.get(key) ?? view.now) >= absenceMs;
  const allowed = new Set(absent.filter(key => state.allowed.has(key) || isRipe(key)));
  const waiting = [...state.absentSince].filter(([key]) => !allowed.has(key));
  if (waiting.length === 0) return { state: whole(view, allowed), prune: allowed, notices: [] };
  const nextMs = Math.min(...waiting.map(([, since]) => since)) + absenceMs;
  return { state: { ...state, absentSince: new Map(waiting), allowed }, prune: allowed, notices: [], nextMs };
}

function hold(state: GuardState, view: GuardView, keys: readonly Key[], { why, hint, again }: Reason): GuardVerdict {
  if (keys.length === 0) return { state, prune: 'none', notices: [] };
  const names = keys.slice(0, 3).join(', ') + (keys.length > 3 ? ` and ${keys.length - 3} more` : '');
  const notices: readonly Notice[] = [{ code: 'PRUNE_HELD', message: `Not removing ${names}: ${why}`, hint }];
  return { state, prune: 'none', notices, ...(again ? { nextMs: view.now + absenceMs } : {}) };
}

/** The state while nothing is lost that was not let go. */
function whole({ identity }: GuardView, allowed: ReadonlySet<Key>): GuardState {
  return { identity, ownedBefore: undefined, absentSince: new Map(), allowed };
}
