import { isSealed, type Sealed, seal } from '../model/sealed.ts';

/**
 * Expands `$(VAR)` as the kubelet does: unknown variables stay as written, `$$` stands for `$`
 * (Kubernetes API reference, Container.command). What takes in a sealed value is sealed.
 */
export function expand(text: string, lookUp: (name: string) => string | Sealed | undefined): string | Sealed {
  let secret = false;
  const expanded = text.replaceAll(/\$\$|\$\(([^()\s]+)\)/g, (match, name: string | undefined) => {
    if (name === undefined) return '$';
    const value = lookUp(name);
    if (isSealed(value)) {
      secret = true;
      return String(value.reveal());
    }
    return value ?? match;
  });
  return secret ? seal(expanded) : expanded;
}
