/** Words of one kind, and what does the same here, or why nothing does; `{}` stands for the word that was given. */
export type Row = readonly [words: string, advice: string];

const credentials: Row = [
  '--creds --username --password --registry-token --src-creds --src-username --src-password --src-registry-token --dest-creds --dest-username --dest-password --dest-registry-token',
  'Keep them with "podstead image login": an argument is for everybody on this host to read',
];
const encryption: Row = ['--decryption-key --encryption-key --encrypt-layer', 'Podstead has no encrypted layers'];
const blobs: Row = [
  '--shared-blob-dir --src-shared-blob-dir --dest-shared-blob-dir',
  'Leave it out: oci:PATH keeps each layer once for all images in it',
];
const format: Row = [
  '-f --format',
  'Give "-o json" or "-o yaml", and take the field with a tool such as jq: jq -r .Digest',
];
const steps: readonly Row[] = [
  ['-c', 'It is "--cpu-shares"'],
  [
    '--cgroup-parent --security-opt --device --isolation --ipc --pid --uts --cgroupns --userns --userns-uid-map --userns-gid-map --userns-uid-map-user --userns-gid-map-group --runtime --runtime-flag --hooks-dir --no-pivot',
    'Commands run with the rights and the runtime that the engine gives, as containers.conf says',
  ],
  ['--no-hosts --hostname --http-proxy', "Commands have the engine's names and proxy, as containers.conf says"],
];
const ofRuns: Row = [
  '--network --dns --dns-option --dns-search --add-host -m --memory --memory-swap --cpu-period --cpu-quota --cpu-shares --cpuset-cpus --cpuset-mems --shm-size --ulimit --cap-add --cap-drop',
  'Give it to "podstead build run", for the command that needs it',
];
const platforms: Row = [
  '--arch --os --variant --os-version --os-feature',
  'Give --platform OS/ARCH, as in linux/arm64',
];
const history: Row = [
  '--add-history --omit-history --history-comment --created-by --comment --identity-label',
  'The engine writes the history of the image itself',
];
const retries: Row = ['--retry --retry-delay', 'The engine tries again by itself what fails in passing'];
const certificates: Row = ['--cert-dir', 'Put the certificates into /etc/containers/certs.d/REGISTRY'];
const onlyEngine: Row = [
  '--authfile --tls-verify',
  'The engine asks the registry: log in with "podstead image login", and set "insecure" in registries.conf',
];
const carriedOn: Row = [
  '--authfile --cert-dir --tls-verify --sign-by',
  'The image stays in the engine: "podstead image copy containers-storage:NAME docker://…" takes it on, with flags such as this',
];

/** Flags that podman, buildah (to 1.28) and skopeo (to 1.9) have and a command of ours refuses, by the command. */
export const refusedFlags: Readonly<Record<string, readonly Row[]>> = {
  build: [
    credentials,
    encryption,
    ...steps,
    platforms,
    history,
    retries,
    certificates,
    ['-v --volume', 'Write RUN --mount into the Containerfile: type=bind shows files, type=cache keeps a directory'],
    ['--rm --force-rm', 'Leave it out: what a step ran in is removed, whether it failed or not'],
    ['--jobs', 'Leave it out: stages are built one after another'],
    ['--env --unsetenv', 'Write ENV into the Containerfile, or give --build-arg KEY=VALUE for its ARG'],
    [
      '--pull',
      'Give --pull alone to ask for newer base images, --pull-never to ask for none; left out, what lacks is pulled',
    ],
    ['--no-cache --squash --squash-all --quiet', 'Give it without a value, or leave it out'],
    ['--all-platforms --manifest', 'Build once with each --platform, and each -t: Podstead makes no index of them'],
    ['--build-context', 'COPY --from takes a stage or an image; copy other directories into the context'],
    ['--cache-from --cache-to --cache-ttl', "The cache is the engine's own; --no-cache does every step anew"],
    ['--ssh', 'Give a key to the step that needs it: --secret id=key,src=FILE, and RUN --mount=type=secret,id=key'],
    ['--logfile --logsplit', 'Redirect standard error: podstead build … 2> build.log'],
    [
      '--sign-by',
      'Sign the image where it is pushed: "podstead image copy --sign-by-key FILE containers-storage:NAME docker://…"',
    ],
    ['--source-date-epoch --rewrite-timestamp', 'Give --timestamp SECONDS, or set SOURCE_DATE_EPOCH'],
    ['--stdin', 'Leave it out: commands have no standard input'],
    ['--build-arg-file', 'Give --build-arg KEY=VALUE for each'],
    ['--layer-label --unsetlabel --inherit-labels', 'Give --label KEY=VALUE: what the base image has is kept'],
    [
      '--sbom --sbom-output --sbom-image-output --sbom-scanner-command',
      'Podstead makes none: scan the image that was built',
    ],
    ['--compat-volumes --cw --group-add --no-hostname', 'Leave it out: Podstead has no such choice'],
    ['--skip-unused-stages', 'Leave it out: stages that --target does not need are left out'],
    [
      '--compress -D --disable-compression --disable-content-trust --cpp-flag',
      'Leave it out: Podstead has no such choice',
    ],
  ],
  'build from': [
    credentials,
    encryption,
    ...steps,
    ofRuns,
    retries,
    certificates,
    onlyEngine,
    [
      '--platform --arch --os --variant',
      'Commands run on this host; "podstead build --platform OS/ARCH" builds for another',
    ],
    ['-v --volume', 'Give --mount to "podstead build run"'],
    ['--cidfile', 'The name is printed: NAME=$(podstead build from IMAGE)'],
    ['-f --format', 'Give it to "podstead build commit"'],
  ],
  'build run': [
    ['-v --volume', 'Give --mount, as in type=cache,target=/var/cache'],
    ['-e --env', 'Set it before: podstead build config --env KEY=VALUE NAME'],
    ['--user', 'Set it before: podstead build config --user USER NAME'],
    ['--workingdir', 'Set it before: podstead build config --workingdir PATH NAME'],
    ['--add-history', history[1]],
    ['--contextdir', 'Paths are read from here: name them as they are'],
    ['-t --terminal --tty', 'Commands have no terminal'],
    ...steps,
    ['*', 'Put -- before the command, as in: podstead build run NAME -- ls -l'],
  ],
  'build config': [
    history,
    ['--arch --os --os-version --os-feature --variant', 'The image is for the platform of the one that it begins on'],
    ['--domainname --hostname --shell', 'Images of OCI say nothing of it: give it where the image is run'],
  ],
  'build commit': [
    credentials,
    encryption,
    history,
    carriedOn,
    ['--manifest', 'Podstead makes no index of several images'],
    ['--unsetenv', 'Set it empty: podstead build config --env KEY= NAME'],
    ['-D --disable-compression', 'Leave it out: layers are packed when the image is copied'],
  ],
  'build copy': copying(),
  'build add': [['--from', 'Give it to "podstead build copy"'], ...copying()],
  'build containers': [
    [
      '-a --all --filter -f --format --json -n --noheading --notruncate',
      'Each line is a name; "-o json" prints a list, and "podstead build inspect NAME" tells of one',
    ],
  ],
  'build mount': [['--json', 'It mounts one, and prints the directory']],
  'build umount': [['-a --all', 'Name each']],
  'build inspect': [
    format,
    ['-t --type', 'It tells of working containers; of images: podstead image inspect containers-storage:NAME'],
  ],
  'image inspect': [credentials, blobs, format],
  'image copy': [
    credentials,
    encryption,
    blobs,
    ['--dest-oci-accept-uncompressed-layers --dest-precompute-digests', 'Leave it out: Podstead has no such choice'],
  ],
  'image sync': [credentials],
  'image list-tags': [credentials],
  'image delete': [
    credentials,
    ['--daemon-host', 'Only images in registries are deleted; "docker rmi" removes one of the daemon'],
    ['--shared-blob-dir', 'Only images in registries are deleted'],
  ],
  'image login': [
    ['-p --password', 'Give it by standard input: an argument is for everybody on this host to read'],
    ['-v --verbose', 'Leave it out: the file that was written is told'],
  ],
  'image logout': [['--tls-verify', 'Leave it out: no registry is asked']],
  'image pull': [
    credentials,
    onlyEngine,
    certificates,
    ['-a --all-tags', 'It pulls what manifests name; "podstead image sync --src docker" copies every tag'],
    [
      '--platform --arch --os --variant',
      'Pods run images of this host; "podstead image copy --platform" fetches others',
    ],
    ['--disable-content-trust', 'Leave it out'],
  ],
  'image prune': [
    [
      '-a --all -f --force --filter --external',
      'It removes what came by Podstead alone, and never asks: --keep-age, --keep and --free say what stays. For others: podman image prune',
    ],
  ],
  'image sign': [
    ['-a --all', 'Leave it out: every image of an index is signed'],
    ['-d --directory', 'Give --registries.d DIR, which says where signatures are kept'],
  ],
  'bundle create': [credentials, platforms],
  exec: [['*', 'Put -- before the command, as in: podstead exec web -- ls -l']],
};

function copying(): readonly Row[] {
  return [
    ['--add-history', history[1]],
    retries,
    ['--contextdir', 'Paths are read from here: name them as they are'],
    ['--ignorefile', 'Name what is to be copied: nothing else is'],
  ];
}
