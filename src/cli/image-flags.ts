import { InvalidArgumentError, Option } from 'commander';
import { parseName, type RegistryName } from '../image/name.ts';
import type { GcPolicy } from '../plan/image-gc.ts';
import { parseCount, parseDuration } from './duration.ts';
import type { StrictFlag } from './flags.ts';
import type { FormatFlags, MultiArchFlags, PackFlags } from './image-format-flags.ts';
import type { CarryFlags } from './image-sign-flags.ts';

/** How registries are reached. */
export interface AccessFlags {
  readonly authfile?: string | undefined;
  /** False with `--no-creds`. */
  readonly creds: boolean;
  /** As registries.conf says of each registry, where left out. */
  readonly tlsVerify?: boolean | undefined;
  readonly certDir?: string | undefined;
  readonly retryTimes: number;
}
/** Which images are taken. */
export interface TrustFlags {
  readonly policy?: string;
  readonly insecurePolicy?: boolean;
  readonly 'registries.d'?: string;
}
/** Which image of an index is meant. */
export interface PlatformFlags {
  readonly platform?: string;
  readonly overrideOs?: string;
  readonly overrideArch?: string;
  readonly overrideVariant?: string;
}
export interface InspectFlags extends AccessFlags, TrustFlags, PlatformFlags {
  readonly raw?: boolean;
  readonly config?: boolean;
  readonly daemonHost?: string;
  /** False with `--no-tags`. */
  readonly tags: boolean;
}

export interface VerifyFlags extends AccessFlags, TrustFlags, PlatformFlags {
  readonly key?: string;
  readonly manifest?: string;
  readonly reference?: string;
  readonly signature?: string;
  readonly trustRoot?: string;
  readonly certificateIdentity?: string;
  readonly certificateOidcIssuer?: string;
}

export interface LoginFlags extends AccessFlags {
  readonly username?: string;
  readonly getLogin?: boolean;
}
export interface LogoutFlags {
  readonly authfile?: string;
  readonly all?: boolean;
}
export interface PruneImagesFlags {
  /** Milliseconds. */
  readonly keepAge: number;
  readonly keep: number;
  /** Bytes. */
  readonly free?: number;
  readonly dryRun?: boolean;
}
export interface PullFlags extends StrictFlag {
  readonly dryRun?: boolean;
}
export interface CopyFlags
  extends AccessFlags,
    TrustFlags,
    PlatformFlags,
    FormatFlags,
    MultiArchFlags,
    PackFlags,
    CarryFlags {
  readonly preserveDigests?: boolean;
  readonly digestfile?: string;
  readonly srcDaemonHost?: string;
  readonly destDaemonHost?: string;
  readonly additionalTag?: readonly RegistryName[];
  readonly srcAuthfile?: string;
  readonly destAuthfile?: string;
  readonly srcCertDir?: string;
  readonly destCertDir?: string;
  readonly srcNoCreds?: boolean;
  readonly destNoCreds?: boolean;
  readonly srcTlsVerify?: boolean;
  readonly destTlsVerify?: boolean;
}

/** What makes sense for a single image alone. */
export type CopyOnly =
  | 'digestfile'
  | 'multiArch'
  | keyof PackFlags
  | 'signIdentity'
  | 'srcDaemonHost'
  | 'destDaemonHost';
export interface SyncFlags extends Omit<CopyFlags, CopyOnly> {
  readonly src: 'docker' | 'dir' | 'yaml';
  readonly dest: 'docker' | 'dir';
  readonly scoped?: boolean;
  readonly dryRun?: boolean;
  readonly keepGoing?: boolean;
  readonly appendSuffix?: string;
}

/** For commands that ask registries. */
export function accessOptions(): readonly Option[] {
  return [
    new Option('--authfile <PATH>', 'take credentials from there alone'),
    new Option('--no-creds', 'ask as anybody, without credentials'),
    tlsOption('--tls-verify', 'whether registries must speak TLS, with a certificate that this host trusts'),
    new Option('--cert-dir <DIR>', 'take certificates for TLS from there: *.crt, and *.cert with its *.key'),
    new Option('--retry-times <COUNT>', 'how often to try again what failed in passing')
      .argParser(parseTimes)
      .default(3),
  ];
}

/** For commands that take images. */
export function trustOptions(): readonly Option[] {
  return [
    new Option('--policy <FILE>', 'take what this policy.json lets through, instead of that of the user or the host'),
    new Option(
      '--registries.d <DIR>',
      'read there where signatures are kept, instead of in that of the user or the host',
    ),
    new Option('--insecure-policy', 'take any image, whatever a policy says'),
  ];
}

/** A flag as Go's programs take it: `--tls-verify=false`. */
function tlsOption(flag: string, text: string): Option {
  return new Option(`${flag} [BOOL]`, text).argParser(parseBool).preset('true');
}

/** For commands between two places: what holds for one of them alone. */
export function sideOptions(): readonly Option[] {
  const sides = [
    ['src', 'source'],
    ['dest', 'destination'],
  ] as const;
  return sides.flatMap(([side, word]) => [
    new Option(`--${side}-authfile <PATH>`, `as --authfile, for the ${word}`),
    new Option(`--${side}-no-creds`, `as --no-creds, for the ${word}`),
    new Option(`--${side}-cert-dir <DIR>`, `as --cert-dir, for the ${word}`),
    tlsOption(`--${side}-tls-verify`, `as --tls-verify, for the ${word}`),
  ]);
}

/** For commands that read of Docker's daemon, or write to it. */
export function daemonOption(side: '' | 'src-' | 'dest-'): Option {
  const what = "the socket of Docker's daemon, for docker-daemon: (DOCKER_HOST, unix:///var/run/docker.sock)";
  return new Option(`--${side}daemon-host <URL>`, what);
}

/** For commands that take one image of an index. */
export function platformOptions(): readonly Option[] {
  return [
    new Option('--platform <OS/ARCH>', "the image for that platform, as in linux/arm64; this host's where left out"),
    new Option('--override-os <OS>', 'the image for that system'),
    new Option('--override-arch <ARCH>', 'the image for that architecture'),
    new Option('--override-variant <VARIANT>', 'the image for that variant'),
  ];
}

/** For commands that remove images. */
export function pruneOptions(): readonly Option[] {
  return [
    new Option('--keep-age <DURATION>', 'keep images that were used within that time, as in 12h or 7d')
      .argParser(parseDuration)
      .default(7 * 86_400_000, '7d'),
    new Option('--keep <COUNT>', 'keep so many that were used last').argParser(parseCount).default(0),
    new Option(
      '--free <SIZE>',
      'remove only as many as it takes to have that much space free, as in 10G or 10Gi',
    ).argParser(parseSize),
    new Option('--dry-run', 'only say what would go, and why the others stay'),
  ];
}

const units: Readonly<Record<string, number>> = {
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};

/** Bytes of `10G`, `1.5Gi` or a plain number, as Kubernetes writes sizes. */
export function parseSize(text: string): number {
  const [, count, unit = ''] = /^(\d+(?:\.\d+)?)(k|M|G|T|Ki|Mi|Gi|Ti)?$/.exec(text) ?? [];
  if (count === undefined) throw new InvalidArgumentError('Expected a size such as 500M, 10G or 10Gi');
  return Number(count) * (units[unit] ?? 1);
}

/** Reads `AGE[,keep=COUNT][,free=SIZE]`, as in `7d,keep=3,free=10G`. */
export function parsePolicy(text: string): GcPolicy {
  const [age = '', ...more] = text.split(',');
  const words = new Map(more.map(word => [word.split('=')[0] ?? '', word.slice(word.indexOf('=') + 1)]));
  const isKnown = [...words.keys()].every(word => word === 'keep' || word === 'free');
  if (!isKnown || words.size !== more.length) {
    throw new InvalidArgumentError('Expected an age, and keep=COUNT or free=SIZE, as in 7d,keep=3,free=10G');
  }
  const [keep, free] = [words.get('keep'), words.get('free')];
  return {
    keepAgeMs: parseDuration(age),
    keep: keep === undefined ? 0 : parseCount(keep),
    freeBytes: free === undefined ? undefined : parseSize(free),
  };
}

/** Names for the image in an archive, beside that of the destination. */
export function additionalTagOption(): Option {
  const text = 'one more name of the image in docker-archive:; may be given several times';
  return new Option('--additional-tag <NAME>', text).argParser(collectName);
}

function collectName(text: string, before: readonly RegistryName[] = []): readonly RegistryName[] {
  const name = nameIn(text);
  if (name?.tag !== undefined && name.digest === undefined) return [...before, name];
  throw new InvalidArgumentError('Expected a name with a tag, as in localhost/web:1');
}

function nameIn(text: string): RegistryName | undefined {
  try {
    return parseName(text);
  } catch {
    return undefined;
  }
}

function parseBool(text: string): boolean {
  if (text === 'true' || text === '1') return true;
  if (text === 'false' || text === '0') return false;
  throw new InvalidArgumentError('Expected true or false');
}

function parseTimes(text: string): number {
  const count = Number(text);
  if (/^\d+$/.test(text) && count <= 100) return count;
  throw new InvalidArgumentError('Expected a number from 0 to 100');
}
