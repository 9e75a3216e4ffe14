import { digest } from '../manifest/canon.ts';
import { contextDirectory, type ImageBuildObject } from '../manifest/image-build.ts';
import type { Problem } from '../model/problem.ts';
import { parseReference } from '../model/reference.ts';
import type { BuildContext } from '../model/source.ts';
import { declaredBuild } from './recipe.ts';

/** What the ImageBuilds of a source build, by the full name of each image, and what is wrong with them. */
export interface DeclaredImages {
  readonly images: ReadonlyMap<string, BuildContext>;
  readonly problems: readonly Problem[];
}

/** The one spelling of what a manifest may call an image that is built here. */
export function fullName(reference: string): string {
  const parsed = parseReference(reference);
  if (parsed === undefined || parsed.digest !== undefined) return reference;
  return `${parsed.registry ?? 'localhost'}/${parsed.repository}:${parsed.tag ?? 'latest'}`;
}

/** Two builds of one name are a problem of the second, and neither is used. */
export function declaredImages(
  builds: readonly ImageBuildObject[],
  contexts: ReadonlyMap<string, BuildContext>,
): DeclaredImages {
  const images = new Map<string, BuildContext>();
  const problems: Problem[] = [];
  const first = new Map<string, ImageBuildObject>();
  for (const build of builds) {
    const context = contextFor(build, contexts, problems);
    for (const tag of build.tags) {
      const name = fullName(tag);
      const other = first.get(name);
      first.set(name, other ?? build);
      if (other === undefined) images.set(name, context);
      else {
        const { file, line } = other.locate('');
        const message = `Cannot build '${tag}' twice: ${file}:${line} builds it already, so neither is used`;
        problems.push(problem(build, '/spec/steps', 'DUPLICATE_NAME', message, 'Give one of them another tag'));
        images.set(name, { ...context, fault: `two ImageBuilds make it (${file}:${line})` });
      }
    }
  }
  return { images, problems };
}

function contextFor(
  build: ImageBuildObject,
  contexts: ReadonlyMap<string, BuildContext>,
  problems: Problem[],
): BuildContext {
  const { directory } = build;
  const { file, line } = build.locate('');
  if (!build.usable) return { directory, file: '', digest: '', fault: `its ImageBuild has errors (${file}:${line})` };
  const declared = declaredBuild(build);
  const { recipe, options } = declared;
  if (!declared.hasContext) return { directory, file: '', digest: digest({ text: recipe.text, options }), declared };
  const path = contextDirectory(directory, build.object.spec.context ?? '');
  const found = contexts.get(path);
  if (found === undefined) {
    const message = `Cannot find the context '${path}': there is no such directory`;
    problems.push(problem(build, '/spec/context', 'REFERENCE_MISSING', message, 'Make it, or correct its name'));
    return { directory, file: '', digest: '', fault: `the context of its ImageBuild is not there (${file}:${line})` };
  }
  return { ...found, file: '', digest: digest({ text: recipe.text, options, context: found.digest }), declared };
}

function problem(
  { locate }: ImageBuildObject,
  pointer: string,
  code: Problem['code'],
  message: string,
  hint: string,
): Problem {
  return { code, severity: 'error', message, hint, ...locate(pointer) };
}
