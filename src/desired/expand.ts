import { isSealed, type Sealed, seal } from '../model/sealed.ts';
import { isRuntimeText, type RuntimeText } from '../model/text.ts';

const variable = /\$\$|\$\(([^()\s]+)\)/g;

/** What a variable may stand for. */
export type Value = string | Sealed | RuntimeText;

/**
 * Expands `$(VAR)` as the kubelet does: unknown variables stay as written, `$$` stands for `$`
 * (Kubernetes API reference, Container.command). What takes in a sealed value is sealed, what takes in a blank has one.
 */
export function expand(text: string, lookUp: (name: string) => Value | undefined): Value {
  const parts: RuntimeText['parts'][number][] = [];
  let end = 0;
  for (const match of text.matchAll(variable)) {
    const [whole, name] = match;
    const value = name === undefined ? '$' : (lookUp(name) ?? whole);
    parts.push(text.slice(end, match.index), ...(isRuntimeText(value) ? value.parts : [value]));
    end = match.index + whole.length;
  }
  return joined([...parts, text.slice(end)]);
}

/** The variables that a text refers to. */
export function variablesIn(text: string): readonly string[] {
  return [...text.matchAll(variable)].flatMap(([, name]) => name ?? []);
}

function joined(parts: RuntimeText['parts']): Value {
  if (parts.some(part => typeof part === 'object' && !isSealed(part)))
    return { parts: parts.filter(part => part !== '') };
  const text = parts.map(part => (isSealed(part) ? part.reveal() : part)).join('');
  return parts.some(isSealed) ? seal(text) : text;
}
