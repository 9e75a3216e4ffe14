import { readSmall } from '../image/blob.ts';
import { largestDocument } from '../image/manifest.ts';
import { buildFiles, type SourceFile } from '../model/source.ts';
import { invalid, type Part } from './contents.ts';
import type { Bundle } from './open.ts';

/** Tells the directories that the ImageBuilds of a manifest copy from, below that of its file. */
export type ContextsIn = (file: SourceFile) => Promise<readonly string[]>;

type Link = Extract<Part, { type: 'link' }>;

/**
 * Sees to it that links stand in what images are built from alone: builds take them as they are, and one among manifests
 * would be followed. So would one in the context of an ImageBuild, by whoever looks for manifests and has not read yet that
 * it is one: there they must not lead out.
 *
 * @throws ImageError `LAYOUT_INVALID`
 */
export async function checkLinks(bundle: Bundle, contextsIn: ContextsIn): Promise<void> {
  const { parts } = bundle.contents;
  const files = new Set(parts.flatMap(({ type, path }) => (type === 'file' ? [path] : [])));
  const isBuilt = (directory: string): boolean => buildFiles.some(file => files.has(`${directory}/${file}`));
  const links = parts.filter((part): part is Link => part.type === 'link' && !parentsOf(part).some(isBuilt));
  if (links.length === 0) return;
  const declared = await declaredIn(bundle, contextsIn);
  const other = links.find(link => !declared.some(context => staysIn(context, link)));
  if (other === undefined) return;
  throw invalid(bundle.path, `"${other.path}" is a link outside of what images are built from, or leads out of it`);
}

/**
 * Whether a link lies in a directory and leads to nothing outside of it. Steps up count at its beginning alone, where
 * they go by real directories; behind a name that may be a link they could lead anywhere.
 */
export function staysIn(directory: string, { path, target }: Pick<Link, 'path' | 'target'>): boolean {
  if (!path.startsWith(`${directory}/`) || target.startsWith('/')) return false;
  const depth = path.slice(directory.length + 1).split('/').length - 1;
  const words = target.split('/').filter(word => word !== '' && word !== '.');
  const first = words.findIndex(word => word !== '..');
  const up = first < 0 ? words.length : first;
  return up <= depth && !words.slice(up).includes('..');
}

function parentsOf({ path }: Link): readonly string[] {
  return path.split('/').map((_, index, words) => words.slice(0, index).join('/'));
}

/** By the rule of whoever reads the manifests later, so that both see the same directories. */
async function declaredIn(bundle: Bundle, contextsIn: ContextsIn): Promise<readonly string[]> {
  const found: string[] = [];
  for (const part of bundle.contents.parts) {
    const { type, path } = part;
    if (type !== 'file' || part.size > largestDocument || !/\.(yaml|yml|json)$/.test(path)) continue;
    const bytes = await readSmall(bundle.read(part), largestDocument, `"${path}" of "${bundle.path}"`);
    const text = Buffer.from(bytes).toString();
    const directory = path.slice(0, path.lastIndexOf('/'));
    if (text.includes('ImageBuild')) found.push(...(await contextsIn({ path, directory, text })));
  }
  return found;
}
