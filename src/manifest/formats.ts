/** Forms of names, as k8s.io/apimachinery pkg/util/validation has them. Each function returns what is wrong, if anything. */

const label = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const searched = /^_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\._?[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*$/;
const qualified = /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/;
const longestSubdomain = 253;
const longestLabel = 63;

/** A DNS label (RFC 1123): names of containers, volumes and namespaces. */
export function labelFault(name: string): string | undefined {
  if (name.length > longestLabel) return tooLong(name, longestLabel);
  return label.test(name) ? undefined : `found ${quote(name)}, expected lower-case letters, digits and "-" inside`;
}

/** A DNS subdomain (RFC 1123): names of most objects. */
export function subdomainFault(name: string, longest: number = longestSubdomain): string | undefined {
  if (name.length > longest) return tooLong(name, longest);
  return subdomain.test(name)
    ? undefined
    : `found ${quote(name)}, expected lower-case letters, digits, "-" and "." inside`;
}

/** The beginning of a name that a server completes: it may end with "-". */
export function generatedNameFault(prefix: string): string | undefined {
  const fits = subdomainFault(prefix.length > 1 ? prefix.replace(/-$/, 'a') : prefix) === undefined;
  return fits ? undefined : `found ${quote(prefix)}, expected lower-case letters, digits, "-" and "."`;
}

/** A domain that a resolver searches: labels may begin with "_", and the last dot may be written. */
export function searchFault(domain: string): string | undefined {
  const name = domain.replace(/\.$/, '');
  if (domain === '.' || (name.length <= longestSubdomain && searched.test(name))) return undefined;
  return `found ${quote(domain)}, expected a DNS domain in lower case`;
}

/** A key of a label or annotation: a name with or without a DNS subdomain and a slash before it. */
export function qualifiedFault(key: string): string | undefined {
  const slash = key.indexOf('/');
  const prefix = key.slice(0, Math.max(slash, 0));
  const name = key.slice(slash + 1);
  if (slash >= 0 && subdomainFault(prefix)) return `found the key ${quote(key)}, expected a DNS name before the "/"`;
  if (name.length > longestLabel)
    return `the key ${quote(key)} has ${name.length} characters after the "/", at most ${longestLabel} are allowed`;
  return qualified.test(name)
    ? undefined
    : `found the key ${quote(key)}, expected letters, digits, "-", "_" and ".", with a letter or digit at both ends`;
}

/** A label's value. */
export function labelValueFault(value: string): string | undefined {
  if (value.length > longestLabel) return tooLong(value, longestLabel);
  return value === '' || qualified.test(value)
    ? undefined
    : `found ${quote(value)}, expected letters, digits, "-", "_" and ".", with a letter or digit at both ends`;
}

/** A key of a ConfigMap or Secret: it becomes the name of a file. */
export function fileKeyFault(key: string): string | undefined {
  if (key.length > longestSubdomain) return tooLong(key, longestSubdomain);
  if (!/^[-._a-zA-Z0-9]+$/.test(key)) return `found the key ${quote(key)}, expected letters, digits, "-", "_" and "."`;
  return key === '.' || key.startsWith('..') ? `found the key ${quote(key)}, which is no file name` : undefined;
}

/** A name of a port (IANA service name). */
export function portNameFault(name: string): string | undefined {
  if (name.length > 15) return tooLong(name, 15);
  const fits = label.test(name) && /[a-z]/.test(name) && !name.includes('--');
  return fits
    ? undefined
    : `found ${quote(name)}, expected lower-case letters, digits and single "-" inside, with at least one letter`;
}

/** A name of an environment variable: printable ASCII without "=", as Kubernetes has it since 1.34. */
export function envNameFault(name: string): string | undefined {
  return /^[ -<>-~]+$/.test(name) ? undefined : `found ${quote(name)}, expected printable ASCII characters without "="`;
}

/** A port by its number, or by the name of one. */
export function portFault(port: unknown): string | undefined {
  if (typeof port === 'string') return portNameFault(port);
  const fits = typeof port === 'number' && port >= 1 && port <= 65535;
  return fits || port === undefined ? undefined : `found ${port}, expected a number from 1 to 65535`;
}

/** A name of an HTTP header, as the server has it: no "_", which HTTP would allow. */
export function headerFault(name: string): string | undefined {
  return /^[-A-Za-z0-9]+$/.test(name) ? undefined : `found ${quote(name)}, expected letters, digits and "-"`;
}

/** An IPv4 or IPv6 address. */
export function ipFault(text: string): string | undefined {
  return isIpv4(text) || isIpv6(text) ? undefined : `found ${quote(text)}, expected an IP address`;
}

/** A path inside a volume: relative, and never upwards. */
export function innerPathFault(path: string): string | undefined {
  if (path.startsWith('/')) return `found ${quote(path)}, expected a relative path`;
  return path.split('/').includes('..') ? `found ${quote(path)}, expected a path without ".."` : undefined;
}

/** A path of a file that is written into a volume: not `..data` and its like, by which files are swapped. */
export function filePathFault(path: string): string | undefined {
  const inner = innerPathFault(path);
  if (inner !== undefined || !path.startsWith('..')) return inner;
  return `found ${quote(path)}, expected a path that does not begin with ".."`;
}

/** A text in quotes, cut to a readable length. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 77)}...` : text);
}

function tooLong(text: string, longest: number): string {
  return `${quote(text)} has ${text.length} characters, at most ${longest} are allowed`;
}

function isIpv4(text: string): boolean {
  const parts = text.split('.');
  return parts.length === 4 && parts.every(part => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255);
}

function isIpv6(text: string): boolean {
  const tail = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  if (tail) return isIpv4(tail[2] ?? '') && isIpv6(`${tail[1]}0:0`);
  const [head = '', rest, ...more] = text.split('::');
  const groups = [head, rest ?? ''].flatMap(half => (half === '' ? [] : half.split(':')));
  const counts = rest === undefined ? groups.length === 8 : groups.length < 8;
  return more.length === 0 && counts && groups.every(group => /^[0-9a-fA-F]{1,4}$/.test(group));
}
