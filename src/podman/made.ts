import type { DesiredContainer } from '../model/desired.ts';
import type { Context } from './context.ts';

/** A container as a step names it: of one pod, and of one digest, as a change of it has the same name. */
export interface MadeContainer {
  readonly uid: string;
  readonly container: Pick<DesiredContainer, 'name' | 'digest'>;
}

/** Notes the id of a container that was just made, so that its first start need not look for it. */
export function noteMade({ made }: Context, { uid, container }: MadeContainer, id: string): void {
  const ofPod = made.get(uid) ?? new Map<string, string>();
  made.set(uid, ofPod.set(nameOf(container), id));
}

/** The id of a container that this process made; undefined from its first start on: then it is looked at. */
export function takeMade({ made }: Context, { uid, container }: MadeContainer): string | undefined {
  const ofPod = made.get(uid);
  const id = ofPod?.get(nameOf(container));
  ofPod?.delete(nameOf(container));
  if (ofPod?.size === 0) made.delete(uid);
  return id;
}

function nameOf({ name, digest }: MadeContainer['container']): string {
  return `${name} ${digest}`;
}
