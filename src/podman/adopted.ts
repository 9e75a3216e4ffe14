import type { Adoption } from '../model/adoption.ts';
import { labels } from '../model/labels.ts';

/** The pods of others that are ours by adoption, as the operations of an engine need them. */
export interface Adoptions {
  /** Read anew at each look: a command may adopt while an agent runs. */
  all(): readonly Adoption[];
  /** The pod is gone. */
  forget(podId: string): Promise<void>;
}

/** Where nothing is ever adopted. */
export const noAdoptions: Adoptions = { all: () => [], forget: async () => undefined };

/** Of whom things are. */
interface Whose {
  readonly owner: string;
  readonly adoptions: Adoptions;
}

type Tags = Readonly<Record<string, string>>;

/** Gives the labels of a container by its id and those that it really has. */
export type Tagging = (id: string, own: Tags) => Tags;

/**
 * How containers are labelled: those that were adopted as if we had made them. Whatever has an owner of its own keeps
 * it. For one look: what is adopted later is not seen.
 */
export function tagging(whose: Whose): Tagging {
  const given = new Map(adoptionsOf(whose).flatMap(labelled));
  return (id, own) => {
    const more = given.get(id);
    return more === undefined || own[labels.owner] !== undefined ? own : { ...own, ...more };
  };
}

function labelled({ owner, key, uid, infraId, digest, containers }: Adoption): readonly (readonly [string, Tags])[] {
  const pod = { [labels.owner]: owner, [labels.key]: key, [labels.uid]: uid };
  const members = Object.entries(containers).map(
    ([id, { name, digest: ofContainer }]) =>
      [id, { ...pod, [labels.container]: name, [labels.digest]: ofContainer, [labels.keeps]: 'volumes' }] as const,
  );
  return [[infraId, { ...pod, [labels.digest]: digest }], ...members];
}

/** Whether somebody else made a container, and we adopted it. */
export function isAdopted(whose: Whose, id: string): boolean {
  return adoptionsOf(whose).some(({ infraId, containers }) => infraId === id || Object.hasOwn(containers, id));
}

/** The adoption of the pod that was given this uid. */
export function adoptedAs(whose: Whose, uid: string): Adoption | undefined {
  return adoptionsOf(whose).find(each => each.uid === uid);
}

function adoptionsOf({ owner, adoptions }: Whose): readonly Adoption[] {
  return adoptions.all().filter(each => each.owner === owner);
}
