import { Option } from 'commander';
import type { StrictFlag } from './flags.ts';
import {
  type AccessFlags,
  accessOptions,
  additionalTagOption,
  type CopyFlags,
  type InspectFlags,
  type LoginFlags,
  type LogoutFlags,
  platformOptions,
  sideOptions,
} from './image-flags.ts';
import type { Add } from './program.ts';

const places = 'IMAGE has a transport before its name, as in docker://quay.io/team/web:1';

/** Commands on images, with skopeo's words and flags. */
export function addImages(add: Add): void {
  addLooks(add);
  addChanges(add);
  addLogins(add);
}

/** What changes nothing. */
function addLooks(add: Add): void {
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
      summary: 'list the tags of a repository, or the names in an archive',
      details: 'List the tags of a repository, docker://NAME, or the names of the images in docker-archive:PATH.',
      examples: [
        'podstead image list-tags docker://quay.io/podman/hello',
        'podstead image list-tags docker-archive:all.tar',
      ],
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
  add<[string[]], StrictFlag>(
    {
      usage: 'image list <PATH...>',
      summary: 'list every image that manifests need',
      details:
        'List every image that the manifests in PATH need, one a line. Neither an engine nor a registry is asked.',
      examples: ['podstead image list manifests', 'podstead image list manifests -o json'],
    },
    async (context, [paths], options) => (await import('./image-list.ts')).listImages(context, paths, options),
    [new Option('--strict', 'leave out what Podstead does not run')],
  );
}

/** What changes a registry, or files. */
function addChanges(add: Add): void {
  add<[string, string], CopyFlags>(
    {
      usage: 'image copy <SOURCE> <DESTINATION>',
      summary: 'copy an image between registries, directories and archives',
      details:
        'Copy an image from one place to another: docker://NAME in a registry, oci:PATH[:TAG], oci-archive:PATH[:TAG],\ndir:PATH, docker-archive:PATH[:NAME]. What is there already is not copied again, and digests stay.',
      examples: [
        'podstead image copy docker://quay.io/podman/hello docker://registry.example/hello:1',
        'podstead image copy --all docker://quay.io/podman/hello oci:images:hello',
        'podstead image copy oci:images:hello docker-archive:hello.tar:localhost/hello:1',
      ],
    },
    async (context, [from, to], options) => (await import('./image-copy.ts')).copy(context, [from, to], options),
    [
      new Option('-a, --all', 'every image of an index, and the index'),
      new Option('--preserve-digests', 'fail where the destination cannot keep the digest'),
      new Option('--digestfile <FILE>', 'write the digest of the copy there'),
      additionalTagOption(),
      ...platformOptions(),
      ...accessOptions(),
      ...sideOptions(),
    ],
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

/** Who asks registries. */
function addLogins(add: Add): void {
  add<[string], LoginFlags>(
    {
      usage: 'image login <REGISTRY>',
      summary: 'try credentials on a registry, and keep them',
      details:
        'Try credentials on a registry, or on a part of it such as quay.io/team, and keep them in auth.json, where podman and\nskopeo find them too. The password is the first line of standard input.',
      examples: [
        'podstead image login --username ann quay.io < password.txt',
        'podstead image login --get-login quay.io',
      ],
    },
    async (context, [registry], options) => (await import('./image-login.ts')).login(context, registry, options),
    [
      new Option('-u, --username <USER>', 'who logs in'),
      new Option('--password-stdin', 'take the password from standard input, as always'),
      new Option('--get-login', 'only tell who is logged in'),
      ...accessOptions(),
    ],
  );
  add<[string | undefined], LogoutFlags>(
    {
      usage: 'image logout [REGISTRY]',
      summary: 'forget the credentials of a registry',
      examples: ['podstead image logout quay.io', 'podstead image logout --all'],
    },
    async (context, [registry], options) => (await import('./image-login.ts')).logout(context, registry, options),
    [new Option('-a, --all', 'of all registries'), new Option('--authfile <PATH>', 'forget what is kept there')],
  );
}
