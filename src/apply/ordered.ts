import type { PerformOptions } from '../engine/engine.ts';
import type { ActionOf, StopTarget } from '../model/plan.ts';
import { leastGraceSeconds } from './hooked.ts';
import type { EffectPorts } from './perform.ts';

/**
 * Stops containers turn by turn within one grace period, as the kubelet ends a pod with sidecars: all hooks begin at
 * once, a container gets its signal when its hook and the turns before it have ended, and what is left of the grace
 * period then is its own.
 *
 * @throws EngineError of the first stop that failed, once the others of its turn have ended
 */
export async function stopInOrder(
  { pod, graceSeconds, turns }: ActionOf<'stopInOrder'>,
  { engine, hooks, clock }: Pick<EffectPorts, 'engine' | 'hooks' | 'clock'>,
  opts: PerformOptions,
): Promise<void> {
  const beganMs = clock.now();
  const leftSeconds = (): number => {
    if (graceSeconds <= 0) return 0;
    const spentSeconds = Math.max(Math.floor((clock.now() - beganMs) / 1000), 0);
    return Math.max(graceSeconds - spentSeconds, leastGraceSeconds);
  };
  const hook = async ({ name, id, preStop }: StopTarget): Promise<void> => {
    if (preStop === undefined || hooks === undefined || graceSeconds <= 0) return;
    const limits = { timeoutMs: graceSeconds * 1000, signal: opts.signal };
    const why = await hooks.run(preStop, { container: id }, limits);
    if (why === undefined) return;
    const message = `preStop hook of container '${name}' failed: ${why}`;
    opts.onProgress({ message, doneBytes: undefined, totalBytes: undefined });
  };
  const hooked = new Map(turns.flat().map(target => [target.id, hook(target)] as const));
  for (const turn of turns) {
    const stops = turn.map(async ({ name, id }) => {
      await hooked.get(id);
      await engine.perform({ verb: 'stopContainer', pod, name, id, graceSeconds: leftSeconds() }, opts);
    });
    const failed = (await Promise.allSettled(stops)).find(each => each.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }
}
