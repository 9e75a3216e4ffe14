import { InvalidArgumentError, Option } from 'commander';
import { parseName, type RegistryName } from '../image/name.ts';

/** How registries are reached. */
export interface AccessFlags {
  readonly authfile?: string | undefined;
  /** False with `--no-creds`. */
  readonly creds: boolean;
  readonly tlsVerify: boolean;
  readonly certDir?: string | undefined;
  readonly retryTimes: number;
}
/** Which image of an index is meant. */
export interface PlatformFlags {
  readonly platform?: string;
  readonly overrideOs?: string;
  readonly overrideArch?: string;
  readonly overrideVariant?: string;
}
export interface InspectFlags extends AccessFlags, PlatformFlags {
  readonly raw?: boolean;
  readonly config?: boolean;
  /** False with `--no-tags`. */
  readonly tags: boolean;
}

export interface LoginFlags extends AccessFlags {
  readonly username?: string;
  readonly getLogin?: boolean;
}
export interface LogoutFlags {
  readonly authfile?: string;
  readonly all?: boolean;
}
export interface CopyFlags extends AccessFlags, PlatformFlags {
  readonly all?: boolean;
  readonly preserveDigests?: boolean;
  readonly digestfile?: string;
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

/** For commands that ask registries. */
export function accessOptions(): readonly Option[] {
  return [
    new Option('--authfile <PATH>', 'take credentials from there alone'),
    new Option('--no-creds', 'ask as anybody, without credentials'),
    tlsOption('--tls-verify', 'registries must speak TLS, with a certificate that this host trusts').default(true),
    new Option('--cert-dir <DIR>', 'take certificates for TLS from there: *.crt, and *.cert with its *.key'),
    new Option('--retry-times <COUNT>', 'how often to try again what failed in passing')
      .argParser(parseTimes)
      .default(3),
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

/** For commands that take one image of an index. */
export function platformOptions(): readonly Option[] {
  return [
    new Option('--platform <OS/ARCH>', "the image for that platform, as in linux/arm64; this host's where left out"),
    new Option('--override-os <OS>', 'the image for that system'),
    new Option('--override-arch <ARCH>', 'the image for that architecture'),
    new Option('--override-variant <VARIANT>', 'the image for that variant'),
  ];
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
