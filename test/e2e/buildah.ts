import { type PrivatePodman, type Ran, run } from './host.ts';

/** Debian's Buildah on the store of a private engine: the judge of what builds make. */
export function buildah(engine: PrivatePodman, ...args: string[]): Promise<Ran> {
  return run('buildah', ['--root', engine.root, '--runroot', engine.runroot, ...args], engine.env);
}

/** What of an image's configuration a Containerfile decides, and how many layers it has. */
export interface ImageFacts {
  readonly config: Readonly<Record<string, unknown>>;
  readonly author: string | undefined;
  readonly layers: number;
}

/** The configuration of an image in a store, without what Buildah notes of itself. */
export async function factsOf(engine: PrivatePodman, image: string): Promise<ImageFacts> {
  const { stdout, stderr } = await buildah(engine, 'inspect', '--type', 'image', image);
  if (stdout === '') throw new Error(`Cannot inspect "${image}": ${stderr}`);
  const { OCIv1, Docker } = JSON.parse(stdout) as {
    readonly OCIv1: {
      readonly author?: string;
      readonly config: Readonly<Record<string, unknown>>;
      readonly rootfs: { readonly diff_ids: readonly string[] };
    };
    readonly Docker: { readonly config: Readonly<Record<string, unknown>> };
  };
  const { Labels, ...config } = OCIv1.config;
  const labels = Object.fromEntries(
    Object.entries((Labels ?? {}) as Record<string, string>).filter(([key]) => key !== 'io.buildah.version'),
  );
  const { Healthcheck, OnBuild } = Docker.config;
  return {
    config: { ...config, Labels: labels, Healthcheck, OnBuild },
    author: OCIv1.author,
    layers: OCIv1.rootfs.diff_ids.length,
  };
}
