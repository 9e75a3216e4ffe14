import { readFile, realpath, stat } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { text as readAll } from 'node:stream/consumers';
import { parseDockerConfig } from '../desired/image.ts';
import type { BuildOptions, BuildRequest, BuildSecret, Recipe } from '../model/build.ts';
import { type FileFault, fileFault, reasonOf } from '../model/file-fault.ts';
import { buildFiles, ignoreRules } from '../model/source.ts';
import { verbAdvice } from './advice.ts';
import type { BuildFlags } from './build-flags.ts';
import { namesOf } from './build-names.ts';
import type { Context } from './context.ts';
import { CommandError } from './error.ts';
import { stepHostOf } from './step-flags.ts';

/** What flags and a directory ask for. @throws CommandError */
export async function requestOf(context: Context, given: string, flags: BuildFlags): Promise<BuildRequest> {
  const directory = await contextDirectory(given);
  return {
    directory,
    recipe: await recipeOf(directory, flags.file),
    names: namesOf(flags.tag ?? []),
    labels: pairs(flags.label ?? [], '--label'),
    options: await optionsOf(context, flags),
    credentials: await credentialsOf(flags),
  };
}

/** Of `--authfile`; without it the engine uses its own. */
export async function credentialsOf({ authfile }: BuildFlags): Promise<BuildRequest['credentials']> {
  return authfile === undefined ? undefined : parseDockerConfig(await read(authfile, '--authfile'));
}

/** What flags say beside the input. @throws CommandError */
export async function optionsOf({ env }: Context, flags: BuildFlags): Promise<BuildOptions> {
  const { target, platform, cache, squash, squashAll, format, tlsVerify } = flags;
  return {
    target,
    platform,
    cache,
    format,
    tlsVerify,
    ...(flags.buildArg === undefined ? {} : { args: argsOf(flags.buildArg, env) }),
    ...(flags.annotation === undefined ? {} : { annotations: pairs(flags.annotation, '--annotation') }),
    secrets: await Promise.all((flags.secret ?? []).map(spec => secretOf(spec, env))),
    pull: flags.pull ? 'always' : flags.pullNever ? 'never' : 'missing',
    layers: flags.layers && squash !== true,
    squashAll: squashAll ?? false,
    timestamp: flags.timestamp ?? epochOf(env),
    from: flags.from,
    ignore: flags.ignorefile === undefined ? undefined : ignoreRules(await read(flags.ignorefile, '--ignorefile')),
    host: stepHostOf(flags),
  };
}

/** Seconds since 1970 of SOURCE_DATE_EPOCH (https://reproducible-builds.org/specs/source-date-epoch/). @throws CommandError */
export function epochOf(env: Context['env']): number | undefined {
  const text = env.SOURCE_DATE_EPOCH;
  if (text === undefined || text === '') return undefined;
  if (/^\d{1,12}$/.test(text)) return Number(text);
  const message = `Cannot use SOURCE_DATE_EPOCH="${text}": expected seconds since 1970`;
  throw new CommandError(message, { hint: 'Set it as in 1700000000, or unset it' });
}

async function contextDirectory(given: string): Promise<string> {
  const found = await stat(given).catch((error: unknown) => fileFault(error) ?? Promise.reject(error));
  if ('why' in found && found.code !== 'ENOENT') {
    throw new CommandError(`Cannot build from "${given}": ${found.why}`, { hint: found.hint });
  }
  if (!('why' in found) && found.isDirectory()) return realpath(given);
  const why = 'why' in found ? 'there is no such directory' : 'it is no directory';
  throw new CommandError(`Cannot build from "${given}": ${why}`, {
    hint: verbAdvice('build', given) ?? 'Name the directory that the Containerfile copies from',
  });
}

/** Where `-f` names a file, it is looked for as it is written, then below the context, as podman does. */
async function recipeOf(directory: string, file: string | undefined): Promise<Recipe> {
  if (file === '-') return { text: await readAll(process.stdin), name: 'standard input' };
  const candidates =
    file === undefined ? buildFiles.map(name => join(directory, name)) : [resolve(file), join(directory, file)];
  let fault: FileFault | undefined;
  for (const candidate of candidates) {
    const path = await realpath(candidate).catch((error: unknown) => fileFault(error) ?? Promise.reject(error));
    if (typeof path !== 'string') {
      fault ??= path.code === 'ENOENT' || path.code === 'ENOTDIR' ? undefined : path;
      continue;
    }
    const below = relative(directory, path);
    if (below !== '' && !below.startsWith('..')) return { file: below };
    return { text: await read(path, '--file'), name: file ?? path };
  }
  if (fault !== undefined) {
    throw new CommandError(`Cannot build: "${file ?? directory}": ${fault.why}`, { hint: fault.hint });
  }
  const looked = [...new Set(candidates)].map(path => `"${path}"`).join(' and no ');
  const hint = file === undefined ? 'Name it with -f' : 'Correct the path of -f, from here or from the context';
  throw new CommandError(`Cannot build: there is no ${looked}`, { hint });
}

async function read(path: string, option: string): Promise<string> {
  return readFile(path, 'utf8').catch((cause: Error) => {
    throw new CommandError(`Cannot read "${path}" of ${option}: ${reasonOf(cause)}`, { hint: 'Check the path', cause });
  });
}

/** KEY=VALUE, or KEY with its value of the environment; one that is not set there is left out. */
function argsOf(given: readonly string[], env: Context['env']): Readonly<Record<string, string>> {
  const found = given.flatMap(arg => {
    const at = arg.indexOf('=');
    const key = at === -1 ? arg : arg.slice(0, at);
    const value = at === -1 ? env[arg] : arg.slice(at + 1);
    return value === undefined ? [] : [[key, value] as const];
  });
  return Object.fromEntries(found);
}

/** KEY=VALUE pairs of an option. @throws CommandError */
export function pairs(given: readonly string[], option: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    given.map(pair => {
      const at = pair.indexOf('=');
      if (at === 0) throw new CommandError(`Cannot use ${option} "${pair}": expected KEY=VALUE`);
      return at === -1 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );
}

/** `id=ID,src=FILE`, `id=ID,env=VARIABLE`; without either the id names the variable, and else the file (podman-build(1)). */
async function secretOf(spec: string, env: Context['env']): Promise<BuildSecret> {
  const fields = new Map(spec.split(',').map(part => [part.split('=')[0] ?? '', part.slice(part.indexOf('=') + 1)]));
  const id = fields.get('id') ?? '';
  const source = fields.get('src') ?? fields.get('source');
  const variable = fields.get('env');
  const unknown = [...fields.keys()].find(key => !['id', 'src', 'source', 'env', 'type'].includes(key));
  if (!/^[\w.-]+$/.test(id) || unknown !== undefined) {
    const hint = 'Write it as in id=npmrc,src=.npmrc, or id=token,env=TOKEN';
    throw new CommandError(`Cannot use --secret "${spec}"`, { hint });
  }
  const value = env[variable ?? id];
  if (variable !== undefined || (source === undefined && value !== undefined)) {
    if (value !== undefined) return { id, content: Buffer.from(value) };
    throw new CommandError(`Cannot use secret "${id}": the variable ${variable} is not set`, { hint: 'Export it' });
  }
  const file = source ?? id;
  const content = await readFile(file).catch((cause: Error) => {
    throw new CommandError(`Cannot read the secret "${id}" from "${file}": ${reasonOf(cause)}`, {
      hint: 'Check the path',
    });
  });
  return { id, content };
}
