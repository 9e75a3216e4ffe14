import type { ActualImage } from '../model/actual.ts';
import { labels } from '../model/labels.ts';
import { parseReference } from '../model/reference.ts';
import type { Aliases } from './aliases.ts';
import { record, text, textRecord, texts, type Unread } from './json.ts';
import { spellings } from './reference.ts';

/** The answer of `images/json` by everything that a manifest may write for an image, and by id. */
export function readImages(images: readonly Unread[], aliases: Aliases = new Map()): ReadonlyMap<string, ActualImage> {
  const byName = new Map<string, ActualImage>();
  const named = images.map(readImage);
  // Where a short name fits two, the engine takes this host's own image first, and the alias before the hub.
  for (const { image, names } of named) add(byName, image, names.filter(isLocal));
  for (const { image, names } of named) add(byName, image, shortNames(names, aliases));
  for (const { image, names } of named) {
    add(byName, image, names);
    byName.set(image.id, image).set(`sha256:${image.id}`, image);
  }
  return byName;
}

function add(byName: Map<string, ActualImage>, image: ActualImage, names: readonly string[]): void {
  for (const spelling of names.flatMap(spellings)) if (!byName.has(spelling)) byName.set(spelling, image);
}

/** What aliases make of full names, as if each were an image of this host. */
function shortNames(names: readonly string[], aliases: Aliases): readonly string[] {
  return names.flatMap(name => {
    const reference = parseReference(name);
    if (reference?.registry === undefined) return [];
    const repository = `${reference.registry}/${reference.repository}`;
    const shorts = [...aliases].filter(([, full]) => full === repository).map(([short]) => short);
    return shorts.map(short => short + name.slice(repository.length));
  });
}

function isLocal(name: string): boolean {
  return name.startsWith('localhost/');
}

function readImage(value: Unread): { readonly image: ActualImage; readonly names: readonly string[] } {
  const entry = record(value);
  const id = text(entry.Id).replace(/^sha256:/, '');
  const names = [...new Set([...texts(entry.Names), ...texts(entry.RepoTags)])].filter(
    name => !name.includes('<none>'),
  );
  const digests = texts(entry.RepoDigests);
  // In seconds.
  const createdMs = typeof entry.Created === 'number' ? entry.Created * 1000 : 0;
  const context = textRecord(entry.Labels)[labels.context];
  return {
    image: { id, context, ...(createdMs > 0 && { createdMs }) },
    names: [...names, ...digests, ...names.flatMap(name => withDigests(name, digests))],
  };
}

/** `x:1@sha256:…`: the digest decides, the tag is for people. */
function withDigests(name: string, digests: readonly string[]): readonly string[] {
  const reference = parseReference(name);
  if (reference?.tag === undefined) return [];
  const repository = name.slice(0, name.length - reference.tag.length - 1);
  return digests
    .filter(digest => digest.startsWith(`${repository}@`))
    .map(digest => name + digest.slice(repository.length));
}
