import { Option } from 'commander';
import {
  accessOptions,
  additionalTagOption,
  type CopyFlags,
  daemonOption,
  platformOptions,
  type SyncFlags,
  sideOptions,
  trustOptions,
} from './image-flags.ts';
import { formatOption, multiArchOptions, packOptions } from './image-format-flags.ts';
import { fileOptions, identityOption, removeOption, type SignFlags, signerOptions } from './image-sign-flags.ts';
import type { Add } from './program.ts';

/** What puts images elsewhere. */
export function addCopies(add: Add): void {
  add<[string, string], CopyFlags>(
    {
      usage: 'image copy <SOURCE> <DESTINATION>',
      summary: 'copy an image between registries, directories and archives',
      details:
        'Copy an image from one place to another: docker://NAME in a registry, oci:PATH[:TAG], oci-archive:PATH[:TAG], dir:PATH, docker-archive:PATH[:NAME], containers-storage:NAME in the engine, docker-daemon:NAME:TAG. What is there already is not copied again, and digests stay but where --format asks for other manifests.',
      examples: [
        'podstead image copy docker://quay.io/podman/hello docker://registry.example/hello:1',
        'podstead image copy --all docker://quay.io/podman/hello oci:images:hello',
        'podstead image copy oci:images:hello docker-archive:hello.tar:localhost/hello:1',
        'podstead image copy --all --format v2s2 oci:images:hello docker://registry.example/hello:1',
        'podstead image copy --multi-arch index-only oci:images:hello docker://registry.example/hello:1',
        'podstead image copy tarball:base.tar:app.tar.gz docker://registry.example/app:1',
        'podstead image copy --dest-compress-format zstd oci:images:hello docker://registry.example/hello:zstd',
        'podstead image copy --sign-by-key key.asc oci:images:hello docker://registry.example/hello:1',
      ],
    },
    async (context, [from, to], options) => (await import('./image-copy.ts')).copy(context, [from, to], options),
    [
      ...multiArchOptions(),
      formatOption(),
      ...packOptions(),
      new Option('--preserve-digests', 'fail where the destination cannot keep the digest'),
      new Option('--digestfile <FILE>', 'write the digest of the copy there'),
      ...trustOptions(),
      daemonOption('src-'),
      daemonOption('dest-'),
      additionalTagOption(),
      removeOption(),
      ...signerOptions(),
      identityOption(),
      ...platformOptions(),
      ...accessOptions(),
      ...sideOptions(),
    ],
  );
  add<[string, string], SyncFlags>(
    {
      usage: 'image sync <SOURCE> <DESTINATION>',
      summary: 'copy many images: what the destination has already stays',
      details:
        'Copy every tag of a repository, every image below a directory, or the images that a YAML file lists, to a registry or a directory. SOURCE and DESTINATION need no transport before them: --src and --dest say what they are. What is there already with the same digest is not copied again.',
      examples: [
        'podstead image sync --src docker --dest dir quay.io/podman/hello /srv/images',
        'podstead image sync --src dir --dest docker /srv/images registry.example/mirror',
        'podstead image sync --src yaml --dest docker --all --keep-going images.yaml registry.example/mirror',
      ],
    },
    async (context, places, options) => (await import('./image-sync.ts')).sync(context, places, options),
    [
      new Option('-s, --src <TRANSPORT>', 'what SOURCE is').choices(['docker', 'dir', 'yaml']).makeOptionMandatory(),
      new Option('-d, --dest <TRANSPORT>', 'what DESTINATION is').choices(['docker', 'dir']).makeOptionMandatory(),
      new Option('-a, --all', 'every image of an index, and the index'),
      new Option('--scoped', "keep the whole name of the source below DESTINATION, so that equal names don't meet"),
      new Option('--append-suffix <TEXT>', 'put TEXT after every tag'),
      new Option('--dry-run', 'only say what would be copied'),
      new Option('--keep-going', 'go on with the others where one fails'),
      formatOption(),
      new Option('--preserve-digests', 'fail where the destination cannot keep the digest'),
      removeOption(),
      ...signerOptions(),
      ...trustOptions(),
      ...platformOptions(),
      ...accessOptions(),
      ...sideOptions(),
    ],
  );
}

/** What signs them where they are. */
export function addSign(add: Add): void {
  add<[string | undefined], SignFlags>(
    {
      usage: 'image sign [IMAGE]',
      summary: 'sign an image in a registry or a directory',
      details:
        'Sign an image where it is, docker://NAME or dir:PATH, of an index every image too: with a secret key of OpenPGP (simple signing, into the storage that registries.d names) or with a private key of cosign (beside the image). With --manifest only files are read and written. No key ring, agent or log is asked, and no passphrase is ever an argument.',
      examples: [
        'podstead image sign --sign-by-key key.asc --sign-passphrase-file pass docker://registry.example/team/web:1',
        'podstead image sign --sign-by-sigstore-private-key cosign.key --sign-passphrase-file pass \\\n    docker://registry.example/team/web:1',
        'podstead image sign --sign-by-key key.asc --manifest manifest.json --reference registry.example/web:1 \\\n    --signature web.signature',
      ],
    },
    async (context, [image], options) => (await import('./image-sign.ts')).signOne(context, image, options),
    [
      ...signerOptions(),
      identityOption(),
      ...fileOptions(),
      ...trustOptions().filter(({ long }) => long === '--registries.d'),
      ...accessOptions(),
    ],
  );
}
