import { type DriveOptions, drive } from './drive.ts';
import type { Ports } from './ports.ts';

/** As {@link DriveOptions}; all but the signal has a default. */
export type LoopOptions = Partial<DriveOptions> & { readonly signal: AbortSignal };

/** What the daemon does unless told otherwise. */
export const loopDefaults: Omit<DriveOptions, 'signal'> = {
  prune: 'guarded',
  allowEmpty: false,
  resyncMs: 60_000,
  quietMs: 20,
  graceMs: 10_000,
};

/**
 * Keeps the host as the source says until the signal aborts. Failing passes (the engine gone, the source's root
 * unreadable) back off from half a second to half a minute, are reported as `passFailed`, and end with the first that works.
 *
 * @throws Error on a bug of ours alone
 */
export function reconcileLoop(ports: Ports, opts: LoopOptions): Promise<void> {
  return drive(
    ports,
    { ...loopDefaults, ...opts },
    { watchSource: true, retryFirst: false, once: false, isDone: () => false, isFatal: () => false },
  );
}
