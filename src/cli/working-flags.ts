import { InvalidArgumentError, Option } from 'commander';
import { isExposedPort } from '../manifest/exposed-port.ts';
import type { ConfigStep } from '../manifest/image-build.ts';
import { listOption } from './list-option.ts';
import type { StepFlags } from './step-flags.ts';

export interface FromFlags {
  readonly name?: string;
  readonly pull?: boolean;
  readonly pullNever?: boolean;
  readonly tlsVerify: boolean;
}
export interface CopyFlags {
  readonly from?: string;
  readonly chown?: string;
  readonly chmod?: string;
}
export interface RunFlags extends StepFlags {
  readonly mount?: readonly string[];
}
export interface CommitFlags {
  readonly format?: 'oci' | 'docker';
  readonly squash?: boolean;
  readonly rm?: boolean;
  readonly timestamp?: number;
  readonly iidfile?: string;
}
export interface RmFlags {
  readonly all?: boolean;
}
/** Flags of Buildah's `config`. */
export interface ConfigFlags {
  readonly annotation?: readonly string[];
  readonly author?: string;
  readonly cmd?: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly env?: readonly string[];
  readonly healthcheck?: readonly string[];
  readonly healthcheckInterval?: string;
  readonly healthcheckTimeout?: string;
  readonly healthcheckStartPeriod?: string;
  readonly healthcheckRetries?: number;
  readonly label?: readonly string[];
  readonly onbuild?: readonly string[];
  readonly port?: readonly string[];
  readonly stopSignal?: string;
  readonly user?: string;
  readonly volume?: readonly string[];
  readonly workingdir?: string;
}

export function configOptions(): readonly Option[] {
  const words = (flag: string, text: string): Option => new Option(flag, text).argParser(parseWords);
  return [
    new Option('--author <NAME>', 'who made the image'),
    words('--cmd <WORDS>', 'the default command: words, or a list in JSON'),
    words('--entrypoint <WORDS>', 'the entrypoint: a list in JSON, or words for a shell').argParser(parseEntrypoint),
    listOption(
      '-e, --env <KEY=VALUE>',
      'an environment variable; $NAME in it is what the image has; may be given again',
    ),
    words('--healthcheck <WORDS>', 'the command that tells whether it is well'),
    new Option('--healthcheck-interval <DURATION>', 'how often it runs, as in 30s'),
    new Option('--healthcheck-timeout <DURATION>', 'how long it may take'),
    new Option('--healthcheck-start-period <DURATION>', 'how long failures do not count at the beginning'),
    new Option('--healthcheck-retries <COUNT>', 'how many failures make it unwell').argParser(Number),
    listOption('-l, --label <KEY=VALUE>', 'a label; may be given again'),
    listOption('-a, --annotation <KEY=VALUE>', "an annotation of the image's manifest; may be given again"),
    listOption('--onbuild <INSTRUCTION>', 'what whoever builds on the image runs; may be given again'),
    listOption('-p, --port <PORT>', 'a port to expose, as in 8080 or 53/udp; may be given again', parsePort),
    new Option('--stop-signal <SIGNAL>', 'what stops it'),
    new Option('-u, --user <USER>', 'who its commands run as, also in `run`'),
    listOption('-v, --volume <PATH>', 'a directory that is a volume; may be given again'),
    new Option('--workingdir <PATH>', 'where its commands run, also in `run`'),
  ];
}

/** The same as a step of an ImageBuild. */
export function configOf(flags: ConfigFlags): ConfigStep {
  const { author, cmd, entrypoint, env, healthcheck, label, onbuild, port, stopSignal, user, volume, workingdir } =
    flags;
  const all: { readonly [K in keyof ConfigStep]: ConfigStep[K] | undefined } = {
    author,
    cmd,
    entrypoint,
    env: env && pairs(env),
    healthcheck: healthcheck && {
      command: healthcheck[0] === 'CMD' ? healthcheck.slice(1) : healthcheck,
      ...(flags.healthcheckInterval === undefined ? {} : { interval: flags.healthcheckInterval }),
      ...(flags.healthcheckTimeout === undefined ? {} : { timeout: flags.healthcheckTimeout }),
      ...(flags.healthcheckStartPeriod === undefined ? {} : { startPeriod: flags.healthcheckStartPeriod }),
      ...(flags.healthcheckRetries === undefined ? {} : { retries: flags.healthcheckRetries }),
    },
    labels: label && pairs(label),
    onbuild,
    ports: port,
    stopSignal,
    user,
    volumes: volume,
    workingDir: workingdir,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

function parsePort(text: string): string {
  if (isExposedPort(text)) return text;
  throw new InvalidArgumentError('Expected a port from 1 to 65535, as in 8080, 53/udp or 8000-8010');
}

export function pairs(given: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    given.map(pair => {
      const at = pair.indexOf('=');
      return at < 0 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );
}

function parseWords(text: string): readonly string[] {
  if (!text.startsWith('[')) return text.split(/\s+/).filter(word => word !== '');
  const words: unknown = parsed(text);
  if (Array.isArray(words) && words.every(word => typeof word === 'string')) return words;
  throw new InvalidArgumentError('Expected words, or a list of them as in ["ls", "-l"]');
}

function parseEntrypoint(text: string): readonly string[] {
  return text.startsWith('[') ? parseWords(text) : ['/bin/sh', '-c', text];
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
