/** What is done to find out how a container is, or at a moment of its life. Names of ports are resolved. */
export type Handler =
  | { readonly type: 'exec'; readonly command: readonly string[] }
  | {
      readonly type: 'httpGet';
      readonly scheme: 'HTTP' | 'HTTPS';
      /** The pod's own address where undefined. */
      readonly host: string | undefined;
      readonly port: HandlerPort;
      /** With its query, as written. */
      readonly path: string;
      readonly headers: readonly { readonly name: string; readonly value: string }[];
    }
  | { readonly type: 'tcpSocket'; readonly host: string | undefined; readonly port: HandlerPort }
  | { readonly type: 'grpc'; readonly port: HandlerPort; readonly service: string };

/** A text is the name of a port that the container does not have: such a handler always fails, as in a cluster. */
export type HandlerPort = number | string;

/** A probe with Kubernetes' defaults applied. */
export interface DesiredProbe {
  readonly handler: Handler;
  readonly initialDelaySeconds: number;
  readonly periodSeconds: number;
  readonly timeoutSeconds: number;
  /** Results in a row that it takes to be believed. */
  readonly successThreshold: number;
  readonly failureThreshold: number;
  /** For the stop that its failure leads to; the pod's where undefined. */
  readonly terminationGracePeriodSeconds: number | undefined;
}

export const probeKinds = ['startup', 'liveness', 'readiness'] as const;
export type ProbeKind = (typeof probeKinds)[number];

/** The probes of one container; absent means it has none. */
export type DesiredProbes = { readonly [K in ProbeKind]?: DesiredProbe | undefined };

/** What a hook of a container's life does. */
export type HookHandler = Exclude<Handler, { type: 'grpc' }> | { readonly type: 'sleep'; readonly seconds: number };

/** Hooks of one container; absent means it has none. */
export interface DesiredHooks {
  /** Right after each start; the container counts as started once it is done, and is stopped where it fails. */
  readonly postStart?: HookHandler | undefined;
  /** Before the stop signal of each stop of ours, within the grace period. */
  readonly preStop?: HookHandler | undefined;
}

/** What the probes of a running container found. */
export interface ContainerHealth {
  /** Its startup probe succeeded, or it has none. */
  readonly started: boolean;
  /** It takes work: it has started, and its readiness probe, if any, succeeded last. */
  readonly ready: boolean;
  /** Why it is not ready, or what was found last of a probe that fails; empty where all is well. */
  readonly message: string;
  /** Set once a startup or liveness probe failed for good: the container is to be stopped, and started by its policy. */
  readonly failed: FailedProbe | undefined;
}

export interface FailedProbe {
  readonly probe: 'startup' | 'liveness';
  /** `failed its liveness probe 3 times: HTTP 500`, of which the subject is the container. */
  readonly why: string;
  /** The probe's own grace period; the pod's where undefined. */
  readonly graceSeconds: number | undefined;
}
