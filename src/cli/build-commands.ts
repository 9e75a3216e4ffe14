import { type BuildFlags, buildOptions } from './build-flags.ts';
import type { Add } from './program.ts';

/** What makes images. */
export function addBuild(add: Add): void {
  add<[string | undefined], BuildFlags>(
    {
      usage: 'build [CONTEXT]',
      summary: 'build an image from a Containerfile, or from the steps of an ImageBuild',
      details:
        'Build an image from the Containerfile (or Dockerfile) in CONTEXT, the working directory where it is left out, with the flags of podman build. The id of the image is printed. With a timestamp the same input gives the same digest.\n\nWhere CONTEXT is a file (*.yaml, *.yml, *.json), the ImageBuilds that it declares are built, and pushed where they say so.',
      examples: [
        'podstead build -t web:1 .',
        'podstead build -t web:1 -f docker/Containerfile --target runtime --build-arg VERSION=2 .',
        'podstead build -t web:1 --secret id=npmrc,src=.npmrc .',
        'podstead build site.yaml',
        'SOURCE_DATE_EPOCH=1700000000 podstead build -t web:1 -o json .',
      ],
    },
    async (context, [directory], flags) => (await import('./build.ts')).build(context, directory ?? '.', flags),
    buildOptions(),
  );
}
