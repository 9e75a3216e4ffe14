/** What the manifests need of the host. */
export interface Places {
  /** Absolute; `host/inner/file` stands in it. */
  readonly directory: string;
  readonly port: number;
}

const idle = "command: [sh, -c], args: ['trap exit TERM; while :; do sleep 1 & wait; done']";

/** Every field that is honoured, in as few pods as they go together in. A test walks the table of support to see that. */
export function everyField({ directory, port }: Places): string {
  return `
apiVersion: v1
kind: ConfigMap
metadata: { name: all, namespace: shop, labels: { a: b }, annotations: { note: hello } }
data: { A: one, B: two, file.txt: text }
binaryData: { blob: AAEC }
immutable: false
---
apiVersion: v1
kind: Secret
metadata: { name: all, namespace: shop, labels: { a: b }, annotations: { note: hello } }
type: Opaque
data: { S: aHVzaA== }
stringData: { T: quiet }
immutable: false
---
apiVersion: v1
kind: Secret
metadata: { name: hub, namespace: shop }
type: kubernetes.io/dockerconfigjson
stringData: { .dockerconfigjson: '{"auths":{"hub.example":{"username":"u","password":"p"}}}' }
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: data, namespace: shop, labels: { a: b }, annotations: { note: hello } }
spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
---
apiVersion: v1
kind: Pod
metadata: { name: front, namespace: shop, labels: { app: front }, annotations: { note: hello } }
spec:
  restartPolicy: Always
  hostname: shopfront
  subdomain: floor
  setHostnameAsFQDN: true
  dnsPolicy: ClusterFirst
  terminationGracePeriodSeconds: 1
  shareProcessNamespace: true
  hostAliases: [{ ip: 10.9.8.7, hostnames: [backend.example, backend] }]
  dnsConfig: { nameservers: [10.0.0.1], searches: [example], options: [{ name: ndots, value: '3' }] }
  imagePullSecrets: [{ name: hub }]
  securityContext:
    runAsUser: 1000
    runAsGroup: 2000
    runAsNonRoot: true
    fsGroup: 4000
    fsGroupChangePolicy: OnRootMismatch
    supplementalGroups: [3000]
    supplementalGroupsPolicy: Strict
    seccompProfile: { type: Unconfined }
    sysctls: [{ name: net.ipv4.ip_unprivileged_port_start, value: '80' }]
  initContainers:
    - { name: first, image: 'localhost/bb:1', command: [sh, -c, 'echo first > /work/order'], volumeMounts: [{ name: work, mountPath: /work }] }
    - name: proxy
      image: localhost/bb:1
      restartPolicy: Always
      ${idle.replace(', args', '\n      args')}
      startupProbe: { exec: { command: ['true'] }, periodSeconds: 1, timeoutSeconds: 60 }
      lifecycle: { preStop: { exec: { command: ['true'] } } }
  containers:
    - name: main
      image: localhost/bb:1
      imagePullPolicy: IfNotPresent
      command: [sh, -c]
      args: ['trap exit TERM; while :; do sleep 1 & wait; done']
      workingDir: /tmp
      terminationMessagePath: /end
      terminationMessagePolicy: FallbackToLogsOnError
      tty: true
      stdin: true
      env:
        - { name: PLAIN, value: x }
        - { name: BOTH, value: '$(PLAIN)-$(B)-$$(PLAIN)' }
        - { name: FROM_MAP, valueFrom: { configMapKeyRef: { name: all, key: A } } }
        - { name: FROM_SECRET, valueFrom: { secretKeyRef: { name: all, key: S } } }
        - { name: FROM_POD, valueFrom: { fieldRef: { fieldPath: metadata.name } } }
        - { name: FROM_LIMITS, valueFrom: { resourceFieldRef: { resource: limits.memory } } }
      envFrom:
        - configMapRef: { name: all }
        - secretRef: { name: all }
          prefix: SECRET_
      ports: [{ name: http, containerPort: 8080, hostPort: ${port}, hostIP: 127.0.0.1, protocol: TCP }]
      resizePolicy: [{ resourceName: memory, restartPolicy: RestartContainer }]
      resources: { limits: { memory: 64Mi, cpu: 500m }, requests: { memory: 32Mi, cpu: 100m } }
      securityContext:
        runAsUser: 1001
        runAsGroup: 2001
        runAsNonRoot: true
        readOnlyRootFilesystem: true
        allowPrivilegeEscalation: false
        capabilities: { drop: [ALL], add: [NET_BIND_SERVICE] }
        seccompProfile: { type: RuntimeDefault }
      startupProbe: { exec: { command: ['true'] }, periodSeconds: 1, timeoutSeconds: 60 }
      readinessProbe: { exec: { command: ['true'] }, periodSeconds: 1, timeoutSeconds: 60 }
      livenessProbe: { exec: { command: ['true'] }, periodSeconds: 60, timeoutSeconds: 60 }
      lifecycle:
        postStart: { exec: { command: ['true'] } }
        preStop: { exec: { command: ['true'] } }
      volumeMounts:
        - { name: work, mountPath: /work }
        - { name: mem, mountPath: /mem }
        - { name: host, mountPath: /host, readOnly: true, mountPropagation: HostToContainer }
        - { name: host, mountPath: /sub, subPath: inner }
        - { name: host, mountPath: /expanded, subPathExpr: $(FROM_POD) }
        - { name: host, mountPath: /closed, readOnly: true, recursiveReadOnly: IfPossible }
        - { name: made, mountPath: /made }
        - { name: map, mountPath: /map }
        - { name: secret, mountPath: /secret }
        - { name: both, mountPath: /both }
        - { name: about, mountPath: /about }
        - { name: data, mountPath: /data }
        - { name: own, mountPath: /own }
        - { name: image, mountPath: /image }
  volumes:
    - { name: work, emptyDir: { sizeLimit: 1Gi } }
    - { name: mem, emptyDir: { medium: Memory } }
    - { name: host, hostPath: { path: ${directory}/host, type: Directory } }
    - { name: made, hostPath: { path: ${directory}/made, type: DirectoryOrCreate } }
    - { name: map, configMap: { name: all, defaultMode: 0440, items: [{ key: file.txt, path: deep/renamed.txt, mode: 0444 }] } }
    - { name: secret, secret: { secretName: all, defaultMode: 0400, items: [{ key: S, path: s }] } }
    - name: both
      projected:
        defaultMode: 0440
        sources:
          - configMap: { name: all }
          - secret: { name: all }
          - downwardAPI: { items: [{ path: labels, fieldRef: { fieldPath: metadata.labels } }] }
    - { name: about, downwardAPI: { items: [{ path: name, fieldRef: { fieldPath: metadata.name } }] } }
    - { name: data, persistentVolumeClaim: { claimName: data } }
    - { name: own, ephemeral: { volumeClaimTemplate: { spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } } } } }
    - { name: image, image: { reference: 'localhost/bb:1', pullPolicy: IfNotPresent } }
---
apiVersion: v1
kind: Pod
metadata: { name: hosty }
spec:
  hostNetwork: true
  hostPID: true
  hostIPC: true
  terminationGracePeriodSeconds: 1
  securityContext: { appArmorProfile: { type: Unconfined } }
  containers:
    - name: main
      image: localhost/bb:1
      ${idle.replace(', args', '\n      args')}
      securityContext: { privileged: true, appArmorProfile: { type: Unconfined } }
---
apiVersion: v1
kind: Pod
metadata: { name: once }
spec:
  resources: { limits: { memory: 64Mi, cpu: 1 }, requests: { memory: 32Mi, cpu: 100m } }
  hostnameOverride: once.example
  restartPolicy: Never
  activeDeadlineSeconds: 3600
  containers: [{ name: main, image: 'localhost/bb:1', command: [sh, -c, 'exit 3'] }]
---
apiVersion: v1
kind: Pod
metadata: { name: success }
spec:
  restartPolicy: OnFailure
  containers: [{ name: main, image: 'localhost/bb:1', command: ['true'] }]
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: scratch
  annotations:
    volume.podman.io/driver: local
    volume.podman.io/type: tmpfs
    volume.podman.io/device: tmpfs
    volume.podman.io/mount-options: nosuid
spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Mi } } }
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: owned, annotations: { volume.podman.io/uid: '1000', volume.podman.io/gid: '2000' } }
spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Mi } } }
---
apiVersion: v1
kind: Pod
metadata:
  name: tuned
  annotations:
    podstead.dev/after: hosty, Deployment/shop/crew
    io.containers.autoupdate: local
    io.podman.annotations.infra.name: tuned-sandbox
    io.podman.annotations.ulimit: nofile=100:200,nproc=50
    io.podman.annotations.pids-limit/main: '77'
    io.podman.annotations.cpuset/main: '0'
    io.podman.annotations.memory-nodes/main: '0'
    io.podman.annotations.init/main: 'true'
    io.podman.annotations.seccomp/main: unconfined
    io.podman.annotations.apparmor/main: unconfined
    io.podman.annotations.volumes-from/side: main:ro
    bind-mount-options: ${directory}/host:z
spec:
  os: { name: linux }
  terminationGracePeriodSeconds: 1
  containers:
    - name: main
      image: localhost/bb:1
      ${idle.replace(', args', '\n      args')}
      lifecycle: { stopSignal: SIGUSR1 }
      volumeMounts:
        - { name: host, mountPath: /host }
        - { name: scratch, mountPath: /scratch }
        - { name: owned, mountPath: /owned }
    - { name: side, image: 'localhost/bb:1', stdin: true, stdinOnce: true, ${idle} }
  volumes:
    - { name: host, hostPath: { path: ${directory}/host } }
    - { name: scratch, persistentVolumeClaim: { claimName: scratch } }
    - { name: owned, persistentVolumeClaim: { claimName: owned } }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: crew, namespace: shop, labels: { a: b }, annotations: { note: hello } }
spec:
  replicas: 2
  selector: { matchLabels: { app: crew } }
  strategy: { type: Recreate }
  template:
    metadata:
      labels: { app: crew }
      annotations:
        note: hello
        podstead.dev/after: front
    spec:
      terminationGracePeriodSeconds: 1
      containers: [{ name: main, image: 'localhost/bb:1', ${idle} }]
`;
}

/** Honoured paths that cannot be tried on every host, and why. */
export const elsewhere: Readonly<Record<string, string>> = {
  'spec.securityContext.seLinuxOptions': 'needs a host with SELinux',
  'spec.containers[].securityContext.seLinuxOptions': 'needs a host with SELinux',
  'spec.hostUsers': 'needs subordinate ids; test/e2e/users.e2e.ts tries it',
  'spec.containers[].securityContext.procMount': 'Kubernetes takes it only together with hostUsers; as above',
};

/** Annotations that are followed and cannot be tried on every host, and why. */
export const annotatedElsewhere: Readonly<Record<string, string>> = {
  'io.podman.annotations.label': 'needs a host with SELinux',
  'io.podman.annotations.userns': 'as hostUsers',
};
