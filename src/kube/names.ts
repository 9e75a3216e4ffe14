/** Longest name of a volume, container or label's value in Kubernetes: that of a DNS label (RFC 1123). */
const longest = 63;
const qualified = /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9]([-\w.]*[A-Za-z0-9])?$/;
const labelValue = /^([A-Za-z0-9]([-\w.]*[A-Za-z0-9])?)?$/;

/** The name nearest to a text that Kubernetes takes for a pod, volume or container: lower case, digits and dashes. */
export function dnsLabel(text: string): string {
  const bare = text.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
  return trimmed(trimmed(bare).slice(0, longest)) || 'x';
}

/** Gives each thing a name of its own: what has been asked for once keeps its name. */
export function namer(): (thing: string, wish: string) => string {
  const known = new Map<string, string>();
  const taken = new Set<string>();
  return (thing, wish) => {
    const before = known.get(thing);
    if (before !== undefined) return before;
    const base = dnsLabel(wish);
    let name = base;
    for (let n = 2; taken.has(name); n++) name = `${base.slice(0, longest - 4)}-${n}`;
    taken.add(name);
    known.set(thing, name);
    return name;
  };
}

/** Whether Kubernetes takes a label, or an annotation of that key. */
export function isLabel(key: string, value: string): boolean {
  return isKey(key) && value.length <= longest && labelValue.test(value);
}

/** Whether Kubernetes takes the key of a label or annotation. */
export function isKey(key: string): boolean {
  return qualified.test(key) && (key.split('/').at(-1)?.length ?? 0) <= longest;
}

function trimmed(text: string): string {
  return text.replaceAll(/^-+|-+$/g, '');
}
