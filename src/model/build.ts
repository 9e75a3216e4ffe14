import type { RegistryCredential } from './credential.ts';

/** What an image is built from, and how. */
export interface BuildRequest {
  /** Absolute directory that COPY and ADD read from; undefined where there is none. */
  readonly directory: string | undefined;
  /** Paths below the directory that are all there is of it, whatever an ignore file says; all of it where left out. */
  readonly only?: readonly string[];
  /** Its Containerfile: a path below the directory, or a text from elsewhere, with the name that people know it by. */
  readonly recipe: Recipe;
  /** Full names that the image gets. */
  readonly names: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly options?: BuildOptions;
  /** Of registries that base images come from. */
  readonly credentials?: Readonly<Record<string, RegistryCredential>> | undefined;
}

export type Recipe = { readonly file: string } | WrittenRecipe;

/** A Containerfile that is no file of the context. */
export interface WrittenRecipe {
  readonly text: string;
  /** What people know it by. */
  readonly name: string;
  /** Where each line was declared, as in `site.yaml:12`; the lines themselves where left out. */
  readonly places?: readonly string[];
}

/** What an ImageBuild comes to. */
export interface DeclaredBuild {
  readonly recipe: WrittenRecipe;
  /** False where no step reads files: then nothing is sent. */
  readonly hasContext: boolean;
  /** As declared. */
  readonly names: readonly string[];
  readonly options: BuildOptions;
}

/** What a build can be told beside its input; what is left out is as podman has it. */
export interface BuildOptions {
  /** The stage to end with. */
  readonly target?: string | undefined;
  readonly args?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Shown to single RUN steps, and no part of the image. */
  readonly secrets?: readonly BuildSecret[] | undefined;
  /** As in `linux/arm64`; the host's where left out. */
  readonly platform?: string | undefined;
  /** False builds every step anew. */
  readonly cache?: boolean | undefined;
  /** When base images are pulled; `missing` where left out. */
  readonly pull?: 'always' | 'missing' | 'never' | undefined;
  /** A layer for each step, and so a cache of them; else one for all that is new. */
  readonly layers?: boolean;
  /** One layer for everything, the base image too. */
  readonly squashAll?: boolean;
  /** Of everything that the build makes, in seconds since the epoch. */
  readonly timestamp?: number | undefined;
  readonly format?: 'oci' | 'docker';
  /** False takes any certificate, and plain HTTP. */
  readonly tlsVerify?: boolean | undefined;
  /** The image of the first FROM, whatever that says. */
  readonly from?: string | undefined;
  /** Rules of what no step may copy, in place of those of the context's ignore file. */
  readonly ignore?: readonly string[] | undefined;
  readonly host?: StepHost | undefined;
}

/** What RUN steps get of the host; what is left out is as the engine has it. */
export interface StepHost {
  /** `private`, `host`, `none`, or the name of a network. */
  readonly network?: string;
  /** Lines of /etc/hosts, as in `db:10.0.0.7`. */
  readonly hosts?: readonly string[];
  readonly nameServers?: readonly string[];
  readonly searchDomains?: readonly string[];
  /** Options of resolv.conf(5). */
  readonly resolverOptions?: readonly string[];
  readonly memoryBytes?: number;
  /** Memory and swap together; -1 for as much as there is. */
  readonly swapBytes?: number;
  readonly cpuPeriodMicros?: number;
  readonly cpuQuotaMicros?: number;
  readonly cpuShares?: number;
  /** As in `0-1`. */
  readonly cpus?: string;
  readonly memoryNodes?: string;
  readonly shmBytes?: number;
  /** As in `nofile=1024:2048`. */
  readonly limits?: readonly string[];
  /** With `CAP_`. */
  readonly addCapabilities?: readonly string[];
  readonly dropCapabilities?: readonly string[];
}

export interface BuildSecret {
  /** What RUN --mount=type=secret,id= calls it. */
  readonly id: string;
  readonly content: Uint8Array;
}

/** A step of a Containerfile that a build has come to. */
export interface BuildStep {
  /** From 1; undefined where there is one stage alone. */
  readonly stage: { readonly number: number; readonly of: number } | undefined;
  /** In its stage, from 1. */
  readonly number: number;
  readonly of: number;
  /** The instruction: `RUN make`. */
  readonly text: string;
}

/** What a build tells on its way. */
export type BuildEvent =
  | { readonly type: 'step'; readonly step: BuildStep }
  /** The last step was not done again: an image of it was there. */
  | { readonly type: 'cached' }
  /** A line that a step, or the engine, prints. */
  | { readonly type: 'output'; readonly line: string }
  /** The build was stopped while that step ran a command: it was ended, or may still run. */
  | { readonly type: 'stopped'; readonly step: BuildStep; readonly isEnded: boolean };

export interface BuiltImage {
  readonly id: string;
  /** Of its manifest, as in `sha256:…`. */
  readonly digest: string;
}
