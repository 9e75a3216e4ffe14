import { randomUUID } from 'node:crypto';
import { fingerprint } from '../desired/pod.ts';
import { digest } from '../manifest/canon.ts';
import type { Actual } from '../model/actual.ts';
import type { DesiredPod } from '../model/desired.ts';
import type { Emit } from '../model/event.ts';
import type { Digest } from '../model/key.ts';
import type { FailureRecord } from '../model/record.ts';
import { makePlan } from '../plan/plan.ts';
import type { ImagePins } from '../reconcile/pins.ts';
import type { GuardMemory, Loaded, Ports } from '../reconcile/ports.ts';
import type { Records } from '../record/records.ts';
import type { Source } from '../source/source.ts';
import type { Context } from './context.ts';
import type { ImageKeeper } from './image-keeper.ts';
import type { World } from './world.ts';

export interface PortsOptions {
  readonly world: World;
  readonly source: Source;
  readonly load: Ports['load'];
  readonly emit: Emit;
  /** Failures are remembered; known secrets in them are not. */
  readonly scrub: (text: string) => string;
  /** Restart what stopped of pods that the source does not declare for sure: the agent's part. */
  readonly keepStanding?: boolean;
  /** Volumes with data that the user said to remove, by their engine names. */
  readonly removeVolumes?: ReadonlySet<string>;
  /** Hears of images that come, and of what runs. */
  readonly images?: ImageKeeper;
  /** Asks registries what pulls are to bring. */
  readonly pins?: ImagePins;
  /** Make every pod anew that stands when it begins, though nothing differs. */
  readonly refresh?: boolean;
  /** How often registries are asked for newer images, in ms. */
  readonly checkEveryMs?: number | undefined;
}

/** Wires the reconciler's ports by hand. */
export function makePorts(context: Context, opts: PortsOptions): Ports {
  const { world, source, load, emit, images, keepStanding = false, removeVolumes, refresh = false } = opts;
  const { checkEveryMs } = opts;
  // Once: what was made meanwhile has another uid.
  let old: ReadonlySet<string> | undefined;
  const standing = ({ pods }: Actual): ReadonlySet<string> => {
    old ??= new Set([...pods.values()].map(({ uid }) => uid));
    return old;
  };
  return {
    source,
    load,
    emit,
    engine: images?.engine ?? world.engine,
    records: withoutSecrets(world.records, opts.scrub),
    memory: world.memory,
    images: world.images,
    ...(opts.pins && { pins: opts.pins }),
    clock: context.clock,
    random: Math.random,
    uid: () => randomUUID(),
    fingerprint: fingerprintOf,
    plan: (desired, actual, more) => {
      images?.note(desired, actual);
      return makePlan(desired, actual, {
        ...more,
        keepStanding,
        checkEveryMs,
        keepsLimits: world.engine.keepsLimits,
        fingerprint: fingerprintOf,
        ...(removeVolumes && { removeVolumes }),
        ...(refresh && { refresh: standing(actual) }),
      });
    },
  };
}

function withoutSecrets(records: Records, scrub: (text: string) => string): Records {
  const clean = (failure: FailureRecord): FailureRecord => ({ ...failure, message: scrub(failure.message) });
  return { ...records, fail: (pod, by, failure) => records.fail(pod, by, failure && clean(failure)) };
}

/** Passes that only look must not touch what the daemon keeps. */
export const noMemory: GuardMemory = { load: async () => undefined, save: async () => undefined };

/** A source that declares nothing: what `down` makes true. */
export const emptySource: Source = {
  name: 'nothing',
  read: async () => ({ revision: '', files: [], contexts: new Map(), problems: [], identity: '', busy: false }),
  async *wakes() {},
};

/** What an empty source loads to. */
export const nothing: Loaded = {
  desired: {
    revision: '',
    pods: new Map(),
    volumes: new Map(),
    images: new Map(),
    declared: new Map(),
    held: new Map(),
    complete: true,
  },
  problems: [],
};

function fingerprintOf(pod: DesiredPod | undefined): Digest {
  return pod === undefined ? digest('absent') : fingerprint(pod);
}
