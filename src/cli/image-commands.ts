import { Option } from 'commander';
import type { StrictFlag } from './flags.ts';
import { addCopies, addSign } from './image-copy-commands.ts';
import {
  type AccessFlags,
  accessOptions,
  daemonOption,
  type InspectFlags,
  type LoginFlags,
  type LogoutFlags,
  type PruneImagesFlags,
  type PullFlags,
  platformOptions,
  pruneOptions,
  trustOptions,
  type VerifyFlags,
} from './image-flags.ts';
import { fileOptions } from './image-sign-flags.ts';
import type { Add } from './program.ts';

const places = 'IMAGE is docker://quay.io/team/web:1, oci:PATH and so on, or a name as podman pull takes it';

/** Commands on images, with skopeo's words and flags. */
export function addImages(add: Add): void {
  addLooks(add);
  addChanges(add);
  addStore(add);
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
      daemonOption(''),
      ...trustOptions(),
      ...platformOptions(),
      ...accessOptions(),
    ],
  );
  add<[string | undefined], VerifyFlags>(
    {
      usage: 'image verify [IMAGE]',
      summary: 'tell who signed an image, or fail',
      details: `Tell who signed an image, or fail: by a public key (--key), by the name that a certificate gives the signer (--trust-root), or as a policy.json asks for it; by one that asks for no signature it fails. Of all who could be asked only the image's registry is. ${places}.`,
      examples: [
        'podstead image verify --key cosign.pub docker://registry.example/team/web:1',
        'podstead image verify --trust-root trusted_root.json --certificate-identity ann@example.com \\\n    --certificate-oidc-issuer https://accounts.example docker://registry.example/team/web:1',
        'podstead image verify --policy policy.json docker://registry.example/team/web:1',
        'podstead image verify --key key.gpg --manifest manifest.json --reference registry.example/web:1 \\\n    --signature web.signature',
      ],
    },
    async (context, [image], options) => (await import('./image-verify.ts')).verify(context, image, options),
    [
      new Option('--key <FILE>', 'the public key of the signer, as PEM or of OpenPGP').conflicts([
        'trustRoot',
        'policy',
      ]),
      new Option('--trust-root <FILE>', 'whom to believe who signed: a trusted_root.json of sigstore').conflicts(
        'policy',
      ),
      new Option('--certificate-identity <NAME>', 'the signer: a mail address, or the address of a workflow'),
      new Option('--certificate-oidc-issuer <URL>', 'who vouched for that name'),
      ...fileOptions(),
      ...trustOptions(),
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
  addCopies(add);
  addSign(add);
  add<[string], AccessFlags>(
    {
      usage: 'image delete <IMAGE>',
      summary: 'delete an image from a registry, with all tags that name it',
      details:
        'Delete an image from a registry. What its tag names is deleted, and with it every other tag that names the same. The registry frees the space of its layers in its own time.',
      examples: ['podstead image delete docker://registry.example/team/web:1'],
    },
    async (context, [image], options) => (await import('./image-look.ts')).deleteImage(context, image, options),
    accessOptions(),
  );
}

/** What the engine has. */
function addStore(add: Add): void {
  add<[string[]], PullFlags>(
    {
      usage: 'image pull <PATH...>',
      summary: 'pull every image that manifests need, before they are applied',
      details:
        'Pull every image that the manifests in PATH need and that their pull policy lets come, as "podstead apply" would: what the engine has already stays as it is, so that a second run finds nothing to pull. Nothing that runs is touched.',
      examples: [
        'podstead image pull manifests',
        'podstead image pull manifests --dry-run',
        'podstead image pull manifests -o json',
      ],
    },
    async (context, [paths], options) => (await import('./image-pull.ts')).pullImages(context, paths, options),
    [
      new Option('--dry-run', 'only say what would be pulled'),
      new Option('--strict', 'leave out what Podstead does not run'),
    ],
  );
  add<[], PruneImagesFlags>(
    {
      usage: 'image prune',
      summary: 'remove images from the engine that nothing needs any more',
      details:
        'Remove images from the engine that Podstead pulled, built or loaded, and that nothing needs any more. Never one that a container has, that somebody else brought or named, that is pinned, or that a workload ran before its last change.',
      examples: [
        'podstead image prune --dry-run',
        'podstead image prune --keep-age 30d --keep 5',
        'podstead image prune --keep-age 1d --free 10G',
      ],
    },
    async (context, _, options) => (await import('./image-prune.ts')).pruneImages(context, options),
    pruneOptions(),
  );
}

/** Who asks registries. */
function addLogins(add: Add): void {
  add<[string], LoginFlags>(
    {
      usage: 'image login <REGISTRY>',
      summary: 'try credentials on a registry, and keep them',
      details:
        'Try credentials on a registry, or on a part of it such as quay.io/team, and keep them in auth.json, where podman and skopeo find them too. The password is the first line of standard input; a terminal is asked for it, and for the user where none is given.',
      examples: [
        'podstead image login quay.io',
        'podstead image login --username ann quay.io < password.txt',
        'podstead image login --get-login quay.io',
      ],
    },
    async (context, [registry], options) => (await import('./image-login.ts')).login(context, registry, options),
    [
      new Option('-u, --username <USER>', 'who logs in; asked for on a terminal'),
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
