import { type EngineCode, EngineError } from '../engine/engine.ts';
import { registryOf } from '../model/credential.ts';
import { parseReference } from '../model/reference.ts';

interface Row {
  readonly words: RegExp;
  readonly code: EngineCode;
  readonly transient: boolean;
  readonly hint: string;
}

/** What containers/image says when a registry does not give an image; these come in a stream of status 200, in words only. */
const rows: readonly Row[] = [
  {
    words: /no space left on device|disk quota exceeded/i,
    code: 'DISK_FULL',
    transient: true,
    hint: 'Free space, for example with "podman image prune"',
  },
  {
    // Before all others: what the policy says of a signature may hold any of their words (containers/image 5.22 to 5.34).
    words:
      /Source image rejected|is rejected by policy|A signature was required|Signature (?:for|by) .* (?:is not accepted|does not match)|None of the signatures were accepted|invalid policy in |policy requirement|policy\.json/i,
    code: 'UNTRUSTED',
    transient: false,
    hint: 'The policy.json of the engine refuses it: "podstead image verify docker://IMAGE" says by which line',
  },
  {
    words: /toomanyrequests|too many requests/i,
    code: 'REGISTRY_REFUSED',
    transient: true,
    hint: 'Wait, or log in: the registry limits how often it is asked',
  },
  {
    words:
      /unauthorized|authentication required|no basic auth credentials|invalid username\/password|access to the resource is denied|403 \(?Forbidden/i,
    code: 'REGISTRY_REFUSED',
    transient: false,
    hint: 'Log in with "podstead image login"; a pod may also name a Secret in imagePullSecrets',
  },
  {
    words:
      /manifest unknown|name unknown|repository name not known|did not resolve to an alias|invalid reference format|repository name must be lowercase|404 \(?Not Found|no image found in manifest list/i,
    code: 'IMAGE_NOT_FOUND',
    transient: false,
    hint: 'Correct the name or the tag',
  },
  {
    words: /gave HTTP response to HTTPS client|x509:|certificate/i,
    code: 'REGISTRY_UNREACHABLE',
    transient: false,
    hint: 'Give the registry a trusted certificate, or set it insecure in registries.conf',
  },
  {
    words: /Digest did not match|size mismatch|does not match config's DiffID/i,
    code: 'REGISTRY_UNREACHABLE',
    transient: true,
    hint: 'Nothing of it was kept: the registry, or a proxy before it, sends other bytes than it names',
  },
  {
    words:
      /connection refused|no such host|i\/o timeout|TLS handshake timeout|network is unreachable|no route to host|connection reset|server misbehaving|unexpected EOF|EOF$|pinging container registry|5\d\d [A-Z]/,
    code: 'REGISTRY_UNREACHABLE',
    transient: true,
    hint: 'See that the registry answers from this host',
  },
];

/**
 * The failure behind the words of a pull; undefined where they speak of no registry.
 *
 * @param isKnown whether the registry was shown credentials of the caller: then it refused those
 */
export function registryFailure(what: string, words: string, isKnown = false): EngineError | undefined {
  const row = rows.find(row => row.words.test(words));
  if (row === undefined) return undefined;
  const isRefused = isKnown && row.code === 'REGISTRY_REFUSED' && !row.transient;
  const hint = isRefused
    ? 'Correct the user name and password that were given for it, in the Secret of imagePullSecrets or with --authfile'
    : row.hint;
  return new EngineError(row.code, `${what}: ${words}`, { hint, transient: row.transient });
}

/** Whether credentials have some for the registry of an image. */
export function areFor(credentials: Readonly<Record<string, unknown>> | undefined, reference: string): boolean {
  const registry = parseReference(reference)?.registry ?? 'docker.io';
  return Object.keys(credentials ?? {}).some(key => registryOf(key).split('/')[0] === registry);
}

/** Credentials as the engine takes them: one header with a map of registries, in URL-safe base64 with padding. */
export function registryHeaders(
  credentials: Readonly<Record<string, unknown>> | undefined,
): Readonly<Record<string, string>> {
  if (credentials === undefined || Object.keys(credentials).length === 0) return {};
  // Go's decoder wants the padding, which Node's base64url leaves out.
  const base64 = Buffer.from(JSON.stringify(credentials)).toString('base64');
  return { 'x-registry-config': base64.replaceAll('+', '-').replaceAll('/', '_') };
}
