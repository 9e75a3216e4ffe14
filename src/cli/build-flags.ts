import { InvalidArgumentError, Option } from 'commander';
import { listOption } from './list-option.ts';
import { type StepFlags, stepOptions } from './step-flags.ts';

/** How `build` is told what to build; each as podman has it. */
export interface BuildFlags extends StepFlags {
  readonly tag?: readonly string[];
  readonly file?: string;
  readonly ignorefile?: string;
  readonly from?: string;
  readonly target?: string;
  readonly buildArg?: readonly string[];
  readonly secret?: readonly string[];
  readonly platform?: string;
  /** False with `--no-cache`. */
  readonly cache: boolean;
  readonly pull?: boolean;
  readonly pullNever?: boolean;
  readonly label?: readonly string[];
  readonly annotation?: readonly string[];
  readonly layers: boolean;
  readonly squash?: boolean;
  readonly squashAll?: boolean;
  /** Seconds since the epoch. */
  readonly timestamp?: number;
  readonly format: 'oci' | 'docker';
  readonly iidfile?: string;
  readonly authfile?: string;
  /** As registries.conf says of each registry, where left out. */
  readonly tlsVerify?: boolean;
}

export function buildOptions(): readonly Option[] {
  return [
    listOption('-t, --tag <NAME>', 'name of the image, as in team/web:1; may be given again'),
    new Option('-f, --file <PATH>', 'the Containerfile; - is standard input'),
    new Option('--ignorefile <PATH>', "what no step may copy, in place of the context's .containerignore"),
    new Option('--from <IMAGE>', 'build on that image, whatever the first FROM says'),
    new Option('--target <STAGE>', 'end with that stage'),
    listOption('--build-arg <KEY=VALUE>', 'value of an ARG; KEY alone takes it from the environment'),
    listOption('--secret <SPEC>', 'what RUN --mount=type=secret sees: id=ID,src=FILE or id=ID,env=VARIABLE'),
    new Option('--platform <OS/ARCH>', "build for that platform; this host's where left out"),
    new Option('--no-cache', 'do every step anew'),
    new Option('--pull', 'ask the registry for newer base images'),
    new Option('--pull-never', 'use only base images that are there'),
    listOption('--label <KEY=VALUE>', 'a label of the image'),
    listOption('--annotation <KEY=VALUE>', "an annotation of the image's manifest"),
    boolOption('--layers', 'keep a layer for each step, and so a cache of them').default(true),
    new Option('--squash', 'one layer for all that is new'),
    new Option('--squash-all', 'one layer for everything, the base image too'),
    new Option('--timestamp <SECONDS>', 'time of everything that is made; SOURCE_DATE_EPOCH where left out').argParser(
      parseSeconds,
    ),
    new Option('--format <FORMAT>', 'format of the manifest').choices(['oci', 'docker']).default('oci'),
    new Option('--iidfile <FILE>', "write the image's id there"),
    new Option('--authfile <PATH>', 'take credentials from there'),
    boolOption('--tls-verify', 'whether registries must speak TLS, with a certificate that this host trusts'),
    ...stepOptions(),
  ];
}

/** A flag as Go's programs take it: `--layers=false`. */
function boolOption(flag: string, text: string): Option {
  return new Option(`${flag} [BOOL]`, text).argParser(parseBool).preset('true');
}

function parseBool(text: string): boolean {
  if (text === 'true' || text === 'false') return text === 'true';
  throw new InvalidArgumentError('Expected true or false, as in --layers=false');
}

/** Seconds since the epoch, as in SOURCE_DATE_EPOCH. */
export function parseSeconds(text: string): number {
  if (/^\d{1,12}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Expected seconds since 1970, as in 1700000000');
}
