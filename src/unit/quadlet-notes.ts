import type { DesiredPod } from '../model/desired.ts';
import type { Location } from '../model/problem.ts';

/** Takes down what a Quadlet file cannot say, each once, in the order in which it was found. */
export interface QuadletNotes {
  readonly remarks: readonly QuadletRemark[];
  /** What is left out or said otherwise; the pod runs without it. */
  add(pointer: string, what: string): void;
  /** What a pod must not run without. */
  refuse(pointer: string, what: string): void;
}

export interface QuadletRemark {
  readonly location: Location;
  readonly what: string;
  /** The pod's files are not to be written. */
  readonly refused: boolean;
}

/** A list that is still empty. The pointers are into the pod's canonical form; an empty one means the pod itself. */
export function quadletNotes({ origin, locate }: Pick<DesiredPod, 'origin' | 'locate'>): QuadletNotes {
  const found = new Map<string, QuadletRemark>();
  const note = (pointer: string, what: string, refused: boolean): void => {
    const location = pointer === '' ? origin : locate(pointer);
    const { file, line } = location;
    found.set(`${file}:${line}: ${what}`, { location, what, refused });
  };
  return {
    get remarks() {
      return [...found.values()];
    },
    add: (pointer, what) => note(pointer, what, false),
    refuse: (pointer, what) => note(pointer, what, true),
  };
}
