import { Option } from 'commander';
import { type AccessFlags, accessOptions, type InspectFlags, platformOptions } from './image-flags.ts';
import type { Add } from './program.ts';

const places = 'IMAGE has a transport before its name, as in docker://quay.io/team/web:1';

/** Commands on images, with skopeo's words and flags. */
export function addImages(add: Add): void {
  add<[string], InspectFlags>(
    {
      usage: 'image inspect <IMAGE>',
      summary: 'tell of an image without pulling it',
      details: `Tell of an image without pulling it, in the fields that skopeo has. ${places}.`,
      examples: [
        'podstead image inspect docker://quay.io/podman/hello',
        'podstead image inspect --raw docker://quay.io/podman/hello:latest',
        'podstead image inspect --config --platform linux/arm64 docker://quay.io/podman/hello',
      ],
    },
    async (context, [image], options) => (await import('./image-look.ts')).inspectImage(context, image, options),
    [
      new Option('--raw', 'print the manifest or index (with --config: the configuration) as it is, byte for byte'),
      new Option('--config', 'print its configuration'),
      new Option('-n, --no-tags', 'do not list the tags of its repository'),
      ...platformOptions(),
      ...accessOptions(),
    ],
  );
  add<[string], AccessFlags>(
    {
      usage: 'image list-tags <REPOSITORY>',
      summary: 'list the tags of a repository',
      examples: ['podstead image list-tags docker://quay.io/podman/hello'],
    },
    async (context, [name], options) => (await import('./image-look.ts')).listImageTags(context, name, options),
    accessOptions(),
  );
  add<[string], unknown>(
    {
      usage: 'image digest <FILE>',
      summary: 'print the digest of a manifest in a file',
      details: 'Print the digest that a registry gives the manifest in FILE; - is standard input.',
      examples: ['podstead image inspect --raw docker://quay.io/podman/hello | podstead image digest -'],
    },
    async (context, [file]) => (await import('./image-look.ts')).digestFile(context, file),
  );
  add<[string], AccessFlags>(
    {
      usage: 'image delete <IMAGE>',
      summary: 'delete an image from a registry, with all tags that name it',
      details:
        'Delete an image from a registry. What its tag names is deleted, and with it every other tag that names the same.\nThe registry frees the space of its layers in its own time.',
      examples: ['podstead image delete docker://registry.example/team/web:1'],
    },
    async (context, [image], options) => (await import('./image-look.ts')).deleteImage(context, image, options),
    accessOptions(),
  );
}
