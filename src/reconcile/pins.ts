import type { Signalled } from '../engine/engine.ts';
import type { Actual } from '../model/actual.ts';
import type { DesiredImage } from '../model/desired.ts';
import type { Notice } from '../model/event.ts';
import type { PinnedImage, Unpinned } from '../model/pinned.ts';
import type { Plan, Step } from '../model/plan.ts';

/** Asks registries what references stand for. */
export interface ImagePins {
  /**
   * By reference. Within a short time, and without a failure: who cannot tell says why. `isPresent` is left false.
   *
   * @throws the reason of the signal alone
   */
  pin(
    images: readonly DesiredImage[],
    opts: Signalled,
  ): Promise<ReadonlyMap<DesiredImage['reference'], PinnedImage | Unpinned>>;
}

/** A plan whose pulls are of the very images that their references stand for now. */
export interface Pinned {
  readonly plan: Plan;
  /** Of each that is pulled by its name, as nobody could tell. */
  readonly notices: readonly Notice[];
}

/** Pins the pulls of a plan. One without pulls costs nothing, and asks nobody. */
export async function pinPulls(
  plan: Plan,
  pins: ImagePins | undefined,
  actual: Actual,
  opts: Signalled,
): Promise<Pinned> {
  const images = plan.steps.flatMap(({ action }) => (action.verb === 'pull' ? [action.image] : []));
  if (pins === undefined || images.length === 0) return { plan, notices: [] };
  const found = await pins.pin(images, opts);
  const notices = images.flatMap(({ reference }): readonly Notice[] => {
    const one = found.get(reference);
    // With a digest, there is one image that it can be.
    return one === undefined || 'digest' in one || reference.includes('@') ? [] : [unpinnedNotice(reference, one)];
  });
  return { plan: { ...plan, steps: plan.steps.map(step => pinned(step, found, actual)) }, notices };
}

function pinned(step: Step, found: Awaited<ReturnType<ImagePins['pin']>>, { images }: Actual): Step {
  const { action } = step;
  const one = action.verb === 'pull' ? found.get(action.image.reference) : undefined;
  if (action.verb !== 'pull' || one === undefined || !('digest' in one)) return step;
  const isPresent = images.has(`${one.repository}@${one.digest}`);
  return { ...step, action: { ...action, pinned: { ...one, isPresent } } };
}

function unpinnedNotice(reference: string, { why }: Unpinned): Notice {
  return {
    code: 'IMAGE_UNPINNED',
    message: `Image '${reference}' is pulled by its name, whatever that stands for by then: ${why}`,
    hint: undefined,
    image: reference,
  };
}

/** What a registry tells whoever asks, the engine as well as us. */
const toldAlike: readonly (string | undefined)[] = ['IMAGE_NOT_FOUND', 'REGISTRY_UNREACHABLE'];

/**
 * Leaves out what the failure of a pull tells again: it could not be pinned for the same reason.
 *
 * @param failed code of the failure by which the pull of a reference ended; undefined where there was none
 */
export function withoutRepeated(
  notices: readonly Notice[],
  failed: (reference: string) => string | undefined,
): readonly Notice[] {
  return notices.filter(({ image }) => image === undefined || !toldAlike.includes(failed(image)));
}
