import { createColors } from 'picocolors';
import type { Paint } from '../plan/print.ts';

/** Colours for plans and diffs; the identity where none are wanted. */
export function painter(enabled: boolean): Paint {
  const colors = createColors(enabled);
  const styles: Readonly<Record<Parameters<Paint>[0], (text: string) => string>> = {
    add: colors.green,
    change: colors.yellow,
    remove: colors.red,
    hold: colors.magenta,
    dim: colors.dim,
    strong: colors.bold,
  };
  return (style, text) => styles[style](text);
}
