/**
 * The labels that tell what is ours. They hold only what never changes while the object lives, because engines never
 * change labels, and stay under 300 bytes together, because engines copy them into every event.
 */
export const labels = {
  /** Whose object it is: one agent's name on a host. On every object we create. */
  owner: 'podstead.dev/owner',
  /** Key of the pod or claim. On pods, containers and volumes. */
  key: 'podstead.dev/key',
  /** The pod's uid. On pods, containers and emptyDir volumes. */
  uid: 'podstead.dev/uid',
  /** The pod's own address, where its containers were told it: no other pod may get it. On such pods. */
  address: 'podstead.dev/address',
  /** The first of the host's user ids that are the pod's own. On pods that have some. */
  users: 'podstead.dev/users',
  /** Digest of the sandbox (on pods, and so on their infra containers) or of the container. */
  digest: 'podstead.dev/digest',
  /** Name of the container in its pod. On containers. */
  container: 'podstead.dev/container',
  /** Name of the Deployment that asks for the pod; absent where the Pod itself does. On pods. */
  deployment: 'podstead.dev/deployment',
  /**
   * `volumes` where volumes without a name of their own, which engines remove with a container, are claims and stay. On
   * such containers.
   */
  keeps: 'podstead.dev/keeps',
  /** Digest of the build context. On images that we built. */
  context: 'podstead.dev/context',
  /** Anything but `false` where the image is never to be removed. On images, by whoever made them. */
  keep: 'podstead.dev/keep',
} as const;
