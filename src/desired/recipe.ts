import {
  type BuildStepOf,
  type ConfigStep,
  type CopyStep,
  type HealthcheckStep,
  type ImageBuildObject,
  isUrl,
} from '../manifest/image-build.ts';
import type { DeclaredBuild } from '../model/build.ts';

/** Of an instruction that only Docker's format has a field for. */
const dockerOnly = /^(HEALTHCHECK|ONBUILD) /;

/**
 * An ImageBuild as a Containerfile, one instruction a line, which the engine builds and caches (docs/decisions/0025).
 *
 * In values of `config`, `$NAME` is what the image's environment has, as in a Containerfile; `$$` is a `$`.
 */
export function declaredBuild({ object, locate }: ImageBuildObject): DeclaredBuild {
  const { context, steps } = object.spec;
  const lines = steps.flatMap((step, index) => {
    const { file, line } = locate(`/spec/steps/${index}`);
    return instructionsOf(step).map(text => ({ text, place: `${file}:${line}` }));
  });
  const commit = steps.find(step => step.commit !== undefined)?.commit;
  const needsDocker = lines.some(({ text }) => dockerOnly.test(text));
  const readsFiles = steps.some(({ copy, add }) =>
    [copy, add].some(each => each !== undefined && !('from' in each) && !each.sources.every(isUrl)),
  );
  return {
    recipe: {
      text: lines.map(({ text }) => `${text}\n`).join(''),
      name: locate('').file,
      places: lines.map(({ place }) => place),
    },
    hasContext: context !== undefined && readsFiles,
    names: commit?.tags ?? [],
    options: {
      format: commit?.format ?? (needsDocker ? 'docker' : 'oci'),
      layers: commit?.squash !== true,
      timestamp: commit?.timestamp,
    },
  };
}

/** A step as lines of a Containerfile; none for what names or pushes. */
export function instructionsOf({ from, copy, add, run, config }: BuildStepOf): readonly string[] {
  if (from !== undefined) return [`FROM ${from.image}${from.as === undefined ? '' : ` AS ${from.as}`}`];
  if (copy !== undefined) return [`COPY ${copying(copy, copy.from)}`];
  if (add !== undefined) return [`ADD ${copying(add)}`];
  if (run !== undefined) {
    const mounts = (run.mounts ?? []).map(mount => `--mount=${mount} `).join('');
    return [`RUN ${mounts}${run.command === undefined ? script(run.script ?? '') : JSON.stringify(run.command)}`];
  }
  return config === undefined ? [] : configuring(config);
}

function copying({ sources, to, chown, chmod }: CopyStep, from?: string): string {
  const flags = { from, chown, chmod };
  const set = Object.entries(flags).flatMap(([flag, value]) => (value === undefined ? [] : [`--${flag}=${value} `]));
  return `${set.join('')}${JSON.stringify([...sources, to])}`;
}

/** As it is written where one line of a Containerfile can say it, so that people know it again in what is shown. */
function script(text: string): string {
  const line = text.trim();
  const isPlain = /^[^\s<[#\\-][^\r\n\\<]*$/.test(line);
  return isPlain ? line : JSON.stringify(['/bin/sh', '-c', text]);
}

function configuring(config: ConfigStep): readonly string[] {
  const { author, cmd, entrypoint, healthcheck, stopSignal, user, workingDir } = config;
  const one = (word: string, value: string | undefined): readonly string[] =>
    value === undefined ? [] : [`${word} ${escaped(value)}`];
  const pairs = (word: string, values: Readonly<Record<string, string>> = {}): readonly string[] =>
    Object.keys(values)
      .sort()
      .map(key => `${word} ${quoted(key)}=${quoted(values[key] ?? '')}`);
  const list = (word: string, values: readonly string[] | undefined): readonly string[] =>
    values === undefined ? [] : [`${word} ${JSON.stringify(values)}`];
  return [
    ...one('MAINTAINER', author),
    ...pairs('ENV', config.env),
    ...pairs('LABEL', config.labels),
    ...one('WORKDIR', workingDir),
    ...one('USER', user),
    ...(config.ports ?? []).map(port => `EXPOSE ${port}`),
    ...list('VOLUME', config.volumes),
    ...one('STOPSIGNAL', stopSignal),
    // Before CMD, which it would clear.
    ...list('ENTRYPOINT', entrypoint),
    ...list('CMD', cmd),
    ...(healthcheck === undefined ? [] : [checking(healthcheck)]),
    ...(config.onbuild ?? []).map(instruction => `ONBUILD ${instruction}`),
  ];
}

function checking({ command, interval, timeout, startPeriod, retries }: HealthcheckStep): string {
  const flags = { interval, timeout, 'start-period': startPeriod, retries };
  const set = Object.entries(flags).flatMap(([flag, value]) => (value === undefined ? [] : [`--${flag}=${value} `]));
  return `HEALTHCHECK ${set.join('')}CMD ${JSON.stringify(command)}`;
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('$$', '\\$');
}

function quoted(value: string): string {
  return `"${escaped(value).replaceAll('"', '\\"')}"`;
}
