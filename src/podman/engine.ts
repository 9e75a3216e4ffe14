import { getuid } from 'node:process';
import type { Engine, EngineAction, EngineExecutors, PerformOptions, Signalled } from '../engine/engine.ts';
import { firstAlone, oneByOne, oneByOneEach } from '../gate.ts';
import type { BuildRequest, BuiltImage } from '../model/build.ts';
import type { HandMade } from '../model/hand.ts';
import { type Address, addressOf } from './address-of.ts';
import { type Adoptions, noAdoptions } from './adopted.ts';
import { type Aliases, type AliasPlaces, readAliases } from './aliases.ts';
import { type BuildingOptions, build, buildImage } from './build.ts';
import { checkPorts } from './check-ports.ts';
import type { Context } from './context.ts';
import { createContainer } from './create-container.ts';
import { createPod } from './create-pod.ts';
import { volumeBytes } from './disk-usage.ts';
import { createEmptyDir } from './empty-dir.ts';
import { removeEmptyPod } from './empty-pod.ts';
import { endOf } from './end-of.ts';
import { type ExecOptions, exec } from './exec.ts';
import { type ExecEnd, type ExecOnceOptions, execOnce } from './exec-once.ts';
import { removeFiles, writeFiles } from './files.ts';
import type { Output } from './frames.ts';
import { type HandName, readHandMade } from './hand.ts';
import { handNames } from './hand-names.ts';
import { openHttp } from './http.ts';
import { type ImageArchives, podmanArchives } from './image-archives.ts';
import { findImage } from './image-find.ts';
import { freeBytes, imageUsers, type ListedImage, listImages, removeImage } from './image-store.ts';
import { type EngineInfo, info } from './info.ts';
import { inspect } from './inspect.ts';
import { loadImage } from './load.ts';
import { type LogOptions, logs } from './logs.ts';
import { removeNetwork, sweepNetworks } from './network.ts';
import { observe } from './observe.ts';
import { ping } from './ping.ts';
import { pull } from './pull.ts';
import { type PushOptions, pushImage } from './push.ts';
import { type PodFile, readPodFile } from './read-file.ts';
import { removeContainer, removePod } from './remove-pod.ts';
import { renameContainer } from './rename.ts';
import { startContainer, startPod } from './start.ts';
import { stopContainer, stopPod } from './stop.ts';
import { keepsLimits, updateContainer } from './update.ts';
import { checkVersion } from './version.ts';
import { createVolume, removeVolume } from './volume.ts';
import { wakes } from './wakes.ts';
import {
  commitWorking,
  dropImage,
  dropWorking,
  inspectImage,
  type Mounted,
  mountWorking,
  tagImage,
} from './working.ts';

/** Podman as the engine, with what only its own commands need. Containers are named by id or engine name. */
export interface PodmanEngine extends Engine {
  readonly version: string;
  exec(container: string, opts: ExecOptions): Promise<number>;
  /** Ends the command when its time is over. */
  execOnce(container: string, opts: ExecOnceOptions): Promise<ExecEnd>;
  /** Of a container or its pod's sandbox; undefined where it is gone or has none. */
  addressOf(container: string, opts: Signalled): Promise<Address | undefined>;
  logs(container: string, opts: LogOptions): AsyncIterable<Output>;
  /** @throws EngineError `BUILD_FAILED` and others */
  buildImage(request: BuildRequest, opts: BuildingOptions): Promise<BuiltImage>;
  /** Of images that `podstead build` works on; see working.ts. */
  readonly working: WorkingImages;
  /** @throws EngineError of a registry's codes */
  pushImage(id: string, destination: string, opts: PushOptions): Promise<void>;
  info(opts: Signalled): Promise<EngineInfo>;
  /** Bytes on disk of a volume; undefined where they cannot be counted. */
  volumeBytes(name: string, opts: Signalled): Promise<number | undefined>;
  /** The image that the engine has for a reference, by its id; undefined where it has none. */
  imageId(reference: string, opts: Signalled): Promise<string | undefined>;
  /** Every image, of whomever. */
  listImages(opts: Signalled): Promise<readonly ListedImage[]>;
  /** By image id: a container that has it, of whomever. */
  imageUsers(opts: Signalled): Promise<ReadonlyMap<string, string>>;
  /** Free for images, in bytes; undefined where it cannot be told. */
  freeBytes(opts: Signalled): Promise<number | undefined>;
  /** Removes an image; false where it is in use. */
  removeImage(image: Pick<ListedImage, 'id' | 'names'>, opts: Signalled): Promise<boolean>;
  /** Takes an image from an archive in OCI's layout; `what` is for messages. */
  loadImage(
    archive: AsyncIterable<Uint8Array>,
    opts: Signalled & { readonly what: string },
  ): Promise<readonly string[]>;
  /** What stands in a file of a ConfigMap, as a pod of ours has it; undefined where it cannot be read. */
  readFile(file: PodFile): Promise<Uint8Array | undefined>;
  /** What was made by hand, of whomever; undefined where there is none of that name. */
  handMade(name: HandName, opts: Signalled): Promise<HandMade | undefined>;
  /** Names of pods, or of containers that are in none. */
  handNames(kind: 'pod' | 'container', opts: Signalled): Promise<readonly string[]>;
  /** Its images, in and out. */
  readonly images: ImageArchives;
  /** Removes the networks of ours that nothing is on. */
  sweepNetworks(opts: Signalled): Promise<void>;
  /** Closes its connections; calls under way fail. */
  close(): Promise<void>;
}

/** Images that are made step by step; each method throws EngineError. */
export interface WorkingImages {
  mount(image: string, name: string, opts: Signalled): Promise<Mounted>;
  /** Keeps what was written to a mount under a name, and ends the mount. */
  commit(container: string, name: string, opts: Signalled): Promise<void>;
  drop(container: string, opts: Signalled): Promise<void>;
  dropImage(name: string, opts: Signalled): Promise<void>;
  /** Gives an image one more name. */
  tag(name: string, next: string, opts: Signalled): Promise<void>;
  inspect(name: string, opts: Signalled): Promise<Readonly<Record<string, unknown>>>;
}

/** Which engine, for whom. */
export interface ConnectOptions {
  /** Path of the engine's unix socket. */
  readonly socket: string;
  readonly owner: string;
  /** Absolute; the files of ConfigMaps and Secrets stand in `files/` below it. */
  readonly stateDir: string;
  /** Of its API, where a ping has told it. */
  readonly version?: string;
  /** Takes a version that was never tried. */
  readonly unsupported?: boolean;
  /** Says where the engine's registries.conf is, as {@link AliasPlaces} takes it. */
  readonly env?: AliasPlaces['env'];
  /** Which pods of others are ours; none where left out. */
  readonly adoptions?: Adoptions;
  readonly signal: AbortSignal;
}

/**
 * Connects to a Podman service, with one ping unless its version is known.
 *
 * @throws EngineError `ENGINE_UNREACHABLE`, `ENGINE_UNSUITABLE`
 */
export async function connectPodman(opts: ConnectOptions): Promise<PodmanEngine> {
  const { socket, owner, stateDir, unsupported = false, env = {}, adoptions = noAdoptions, signal } = opts;
  const http = openHttp(socket);
  try {
    const version = checkVersion(opts.version ?? (await ping(http, { timeoutMs: 10_000, signal })), { unsupported });
    const aliases = (): Promise<Aliases> => readAliases({ env, uid: getuid?.() ?? 0 });
    const engine = engineOf({
      http,
      owner,
      stateDir,
      version,
      aliases,
      adoptions,
      // In 4.3 the first pod of a store builds the pause image, and several at once leave dangling duplicates of it.
      sandboxGate: firstAlone(),
      addressGate: oneByOne(),
      imageGates: oneByOneEach(),
      nameGate: oneByOne(),
      networks: new Map(),
      podIds: new Map(),
      made: new Map(),
      ownIds: new Set(),
      remaking: new Map(),
    });
    return { ...engine, images: podmanArchives(http, signal) };
  } catch (error) {
    await http.close();
    throw error;
  }
}

function engineOf(context: Context): Omit<PodmanEngine, 'images'> {
  const { http, owner, version } = context;
  const executors = executorsOf(context);
  return {
    name: `podman ${version.text} at unix://${http.socket}`,
    owner,
    keepsLimits: keepsLimits(version),
    version: version.text,
    observe: ({ signal }) => observe(context, signal),
    inspect: (id, { signal }) => inspect(context, id, signal),
    endOf: (run, { signal }) => endOf(context, run, signal),
    perform: (action, opts) => perform(executors, action, opts),
    wakes: ({ signal }) => wakes(context, signal),
    exec: (container, opts) => exec(context, container, opts),
    execOnce: (container, opts) => execOnce(context, container, opts),
    addressOf: (container, { signal }) => addressOf(context, container, signal),
    logs: (container, opts) => logs(context, container, opts),
    buildImage: (request, opts) => buildImage(context, request, opts),
    working: {
      mount: (image, name, opts) => mountWorking(context, image, name, opts),
      commit: (container, name, opts) => commitWorking(context, container, name, opts),
      drop: (container, opts) => dropWorking(context, container, opts),
      dropImage: (name, opts) => dropImage(context, name, opts),
      tag: (name, next, opts) => tagImage(context, name, next, opts),
      inspect: (name, opts) => inspectImage(context, name, opts),
    },
    pushImage: (id, destination, opts) => pushImage(context, id, destination, opts),
    info: ({ signal }) => info(context, signal),
    volumeBytes: (name, opts) => volumeBytes(context, name, opts),
    imageId: async (reference, { signal }) => (await findImage(context, reference, signal))?.id,
    listImages: opts => listImages(context, opts),
    imageUsers: opts => imageUsers(context, opts),
    freeBytes: opts => freeBytes(context, opts),
    removeImage: (image, opts) => removeImage(context, image, opts),
    loadImage: (archive, opts) => loadImage(context, archive, opts),
    readFile: file => readPodFile(context, file),
    handMade: (name, opts) => readHandMade(context, name, opts),
    handNames: (kind, opts) => handNames(context, kind, opts),
    sweepNetworks: ({ signal }) => sweepNetworks(context, signal),
    close: () => http.close(),
  };
}

function executorsOf(context: Context): EngineExecutors {
  return {
    pull: (action, opts) => pull(context, action, opts),
    build: (action, opts) => build(context, action, opts),
    createVolume: (action, opts) => createVolume(context, action, opts),
    createEmptyDir: (action, opts) => createEmptyDir(context, action, opts),
    writeFiles: (action, opts) => writeFiles(context, action, opts),
    checkPorts: (action, opts) => checkPorts(context, action, opts),
    createPod: (action, opts) => createPod(context, action, opts),
    createContainer: (action, opts) => createContainer(context, action, opts),
    updateContainer: (action, opts) => updateContainer(context, action, opts),
    renameContainer: (action, opts) => renameContainer(context, action, opts),
    startContainer: (action, opts) => startContainer(context, action, opts),
    stopContainer: (action, opts) => stopContainer(context, action, opts),
    removeContainer: (action, opts) => removeContainer(context, action, opts),
    stopPod: (action, opts) => stopPod(context, action, opts),
    removePod: (action, opts) => removePod(context, action, opts),
    removeEmptyPod: (action, opts) => removeEmptyPod(context, action, opts),
    startPod: (action, opts) => startPod(context, action, opts),
    removeVolume: (action, opts) => removeVolume(context, action, opts),
    removeNetwork: (action, opts) => removeNetwork(context, action, opts),
    removeFiles: ({ uid }) => removeFiles(context, uid),
  };
}

/** The row of the action's verb always takes the action: the compiler cannot see it across the union. */
async function perform(executors: EngineExecutors, action: EngineAction, opts: PerformOptions): Promise<void> {
  const run = executors[action.verb] as (action: EngineAction, opts: PerformOptions) => Promise<void>;
  await run(action, opts);
}
