// `node --import tsx test/machine/matrix-root.ts`: prints the path of a tar with the newest Debian whose Podman we support,
// and all that the end-to-end tests need besides Node. Made once, and kept.
import { debianRoot } from './debian-root.ts';

const packages = [
  'podman',
  'runc',
  'conmon',
  'netavark',
  'aardvark-dns',
  'catatonit',
  'passt',
  'slirp4netns',
  'fuse-overlayfs',
  'uidmap',
  'iptables',
  'nftables',
  'busybox-static',
  'docker-registry',
  'skopeo',
  'buildah',
  'gnupg',
  'zstd',
  'openssl',
  'git',
  'e2fsprogs',
  'systemd',
  'iproute2',
  'procps',
  'libstdc++6',
];

const tar = await debianRoot({ name: 'matrix', release: 'trixie', variant: 'apt', packages, files: {}, setUp: [] });
process.stdout.write(`${tar}\n`);
