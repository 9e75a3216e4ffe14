import { open } from 'node:fs/promises';
import { openOrigin, openRepository } from '../image/access.ts';
import { readingFrom } from '../image/disk.ts';
import { ImageError } from '../image/failure.ts';
import { inspect, inspectConfig } from '../image/inspect.ts';
import { parseJson } from '../image/json.ts';
import { largestDocument, parseManifest } from '../image/manifest.ts';
import { formatName, type RegistryName, repositoryOf, selectorOf } from '../image/name.ts';
import { openNamed } from '../image/named-source.ts';
import { deleteManifest, findManifest, listTags } from '../image/repository.ts';
import { formatPlace, parsePlace } from '../image/transport.ts';
import { reasonOf } from '../model/file-fault.ts';
import type { Context, GlobalOptions } from './context.ts';
import { writeData } from './data.ts';
import { CommandError } from './error.ts';
import { accessOf, platformOf } from './image-access.ts';
import type { AccessFlags, InspectFlags } from './image-flags.ts';

/** `podstead image inspect IMAGE`. Its output is data in every format, as skopeo's is. */
export async function inspectImage(
  context: Context,
  image: string,
  flags: InspectFlags & GlobalOptions,
): Promise<number> {
  const source = await openNamed(image, accessOf(context, flags));
  const platform = platformOf(flags);
  try {
    if (flags.raw) {
      const bytes = flags.config ? await inspectConfig(source, platform) : (await source.top()).bytes;
      context.terminal.out(bytes);
    } else if (flags.config) {
      const bytes = await inspectConfig(source, platform);
      await write(context, flags, parseJson(bytes, `the configuration of ${formatPlace(source.place)}`));
    } else await write(context, flags, await inspect(source, platform, { tags: flags.tags }));
  } finally {
    await source.close();
  }
  return 0;
}

/** `podstead image list-tags REPOSITORY`, or of an archive, whatever name of it is given. */
export async function listImageTags(
  context: Context,
  given: string,
  flags: AccessFlags & GlobalOptions,
): Promise<number> {
  const place = parsePlace(given);
  if (place.transport === 'docker-archive') {
    const { namesIn } = await import('../image/docker-archive.ts');
    await writeTags(context, flags, { Tags: await namesIn(place.path) });
    return 0;
  }
  const name = inRegistry(given, 'list the tags of');
  if (name.tag !== undefined || name.digest !== undefined) {
    throw new CommandError(`Cannot list the tags of "${given}": expected a repository, found an image in it`, {
      hint: `Leave out what follows "${repositoryOf(name)}"`,
    });
  }
  const repository = await openOrigin(accessOf(context, flags), name);
  try {
    await writeTags(context, flags, { Repository: repositoryOf(name), Tags: await listTags(repository) });
  } finally {
    await repository.registry.close();
  }
  return 0;
}

/** `podstead image digest FILE`: what skopeo calls manifest-digest. */
export async function digestFile(context: Context, file: string): Promise<number> {
  const { digest } = parseManifest(await readManifest(file), undefined, `"${file}"`);
  const { terminal, output } = context;
  if (output === 'text') terminal.out(`${digest}\n`);
  else await writeData(terminal, output, { Digest: digest });
  return 0;
}

/** `podstead image delete IMAGE`. */
export async function deleteImage(context: Context, given: string, flags: AccessFlags): Promise<number> {
  const name = inRegistry(given, 'delete');
  const repository = await openRepository(accessOf(context, flags), name);
  try {
    const digest = await findManifest(repository, selectorOf(name));
    if (digest === undefined) {
      throw new ImageError('IMAGE_NOT_FOUND', `Cannot delete "${given}": it is not there`, {
        hint: `See "podstead image list-tags docker://${repositoryOf(name)}"`,
      });
    }
    await deleteManifest(repository, digest);
    if (context.output !== 'text') await writeData(context.terminal, context.output, { Name: given, Digest: digest });
    else if (!context.quiet) context.terminal.err(`Deleted ${formatName(name)} (${digest})\n`);
  } finally {
    await repository.registry.close();
  }
  return 0;
}

/** @throws CommandError where it is not in a registry */
function inRegistry(given: string, action: string): RegistryName {
  const place = parsePlace(given);
  if (place.transport === 'docker') return place.name;
  throw new CommandError(`Cannot ${action} "${given}": it is in no registry`, { hint: 'Give one with docker://' });
}

/** JSON where nothing is asked for, as skopeo's; its text for people is YAML. */
function write({ terminal }: Context, { output = 'json' }: GlobalOptions, value: unknown): Promise<void> {
  return writeData(terminal, output === 'text' ? 'yaml' : output, value);
}

/** The same, but its text is a tag a line. */
async function writeTags(
  context: Context,
  flags: GlobalOptions,
  value: { readonly Repository?: string; readonly Tags: readonly string[] },
): Promise<void> {
  if (flags.output !== 'text') return write(context, flags, value);
  context.terminal.out(value.Tags.map(tag => `${tag}\n`).join(''));
}

/** Never more than a manifest may have: the file may be a device, or anything. */
export async function readManifest(path: string): Promise<Uint8Array> {
  const file = path === '-' ? undefined : await open(path).catch((cause: Error) => unreadable(path, cause));
  return readingFrom(path, async () => {
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of file?.createReadStream() ?? process.stdin) {
      chunks.push(chunk);
      size += chunk.length;
      if (size > largestDocument) break;
    }
    return Buffer.concat(chunks);
  });
}

function unreadable(path: string, cause: Error): never {
  throw new CommandError(`Cannot read "${path}": ${reasonOf(cause)}`, {
    hint: 'Check the path and its permissions',
    cause,
  });
}
