/** A Pod that a server takes, with most of what one can say. Not all of it runs here. */
export const fullPod: object = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: 'web.example',
    namespace: 'shop',
    labels: { app: 'web', 'example.com/tier': 'Front_1' },
    annotations: { 'Example.com/note': 'any text at all', 'controller.kubernetes.io/pod-deletion-cost': '-5' },
    finalizers: ['example.com/hold'],
    ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'r', uid: 'u', controller: true }],
  },
  spec: {
    activeDeadlineSeconds: 600,
    automountServiceAccountToken: false,
    dnsPolicy: 'None',
    dnsConfig: {
      nameservers: ['10.0.0.1', '2001:db8::1'],
      searches: ['example.com', '_tcp.example.com.', '.'],
      options: [{ name: 'ndots', value: '2' }, { name: 'edns0' }],
    },
    enableServiceLinks: true,
    hostAliases: [{ ip: '10.0.0.2', hostnames: ['a.example', 'b'] }],
    hostname: 'web-0',
    subdomain: 'web',
    imagePullSecrets: [{ name: 'registry' }],
    nodeSelector: { 'kubernetes.io/os': 'linux' },
    os: { name: 'linux' },
    preemptionPolicy: 'Never',
    priorityClassName: 'high',
    readinessGates: [{ conditionType: 'example.com/ready' }],
    restartPolicy: 'OnFailure',
    runtimeClassName: 'kata',
    schedulerName: 'mine',
    schedulingGates: [{ name: 'example.com/wait' }],
    serviceAccountName: 'default',
    shareProcessNamespace: true,
    terminationGracePeriodSeconds: 20,
    tolerations: [
      { key: 'a', operator: 'Equal', value: 'b', effect: 'NoExecute', tolerationSeconds: 5 },
      { operator: 'Exists' },
    ],
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [
            {
              matchExpressions: [
                { key: 'zone', operator: 'In', values: ['a', 'b'] },
                { key: 'cores', operator: 'Gt', values: ['4'] },
                { key: 'ssd', operator: 'Exists' },
              ],
              matchFields: [{ key: 'metadata.name', operator: 'In', values: ['node-1'] }],
            },
          ],
        },
        preferredDuringSchedulingIgnoredDuringExecution: [
          { weight: 1, preference: { matchExpressions: [{ key: 'a', operator: 'In', values: ['not a label!'] }] } },
        ],
      },
      podAntiAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: [
          {
            topologyKey: 'kubernetes.io/hostname',
            labelSelector: { matchLabels: { app: 'web' } },
            namespaces: ['shop'],
            mismatchLabelKeys: ['tenant'],
          },
        ],
        preferredDuringSchedulingIgnoredDuringExecution: [
          { weight: 100, podAffinityTerm: { topologyKey: 'zone', labelSelector: {} } },
        ],
      },
    },
    topologySpreadConstraints: [
      {
        maxSkew: 1,
        minDomains: 2,
        topologyKey: 'zone',
        whenUnsatisfiable: 'DoNotSchedule',
        labelSelector: { matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['x'] }] },
        matchLabelKeys: ['pod-template-hash'],
        nodeAffinityPolicy: 'Honor',
      },
    ],
    securityContext: {
      fsGroup: 2000,
      fsGroupChangePolicy: 'OnRootMismatch',
      runAsGroup: 3000,
      runAsNonRoot: true,
      runAsUser: 1000,
      seLinuxOptions: { level: 's0:c1,c2' },
      seccompProfile: { type: 'Localhost', localhostProfile: 'profiles/a.json' },
      appArmorProfile: { type: 'RuntimeDefault' },
      supplementalGroups: [4000],
      supplementalGroupsPolicy: 'Strict',
      sysctls: [
        { name: 'net.core.somaxconn', value: '128' },
        { name: 'kernel/shm_rmid_forced', value: '1' },
      ],
    },
    initContainers: [
      { name: 'prepare', image: 'busybox:1', command: ['true'], volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }] },
      {
        name: 'proxy',
        image: 'proxy:1',
        restartPolicy: 'Always',
        startupProbe: { tcpSocket: { port: 15000 }, failureThreshold: 30, periodSeconds: 1 },
        lifecycle: { preStop: { exec: { command: ['drain'] } } },
      },
    ],
    containers: [
      {
        name: 'main',
        image: 'example.com/web:1',
        imagePullPolicy: 'IfNotPresent',
        command: ['serve'],
        args: ['$(PORT)', ''],
        workingDir: '/srv',
        ports: [
          { name: 'http', containerPort: 8080, hostPort: 8080, hostIP: '127.0.0.1' },
          { name: 'dns', containerPort: 53, hostPort: 5353, protocol: 'UDP' },
          { containerPort: 53, hostPort: 5353, protocol: 'TCP' },
        ],
        env: [
          { name: 'PORT', value: '8080' },
          { name: 'odd name', value: '' },
          { name: 'NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
          { name: 'LABEL', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: "metadata.labels['app']" } } },
          { name: 'CPU', valueFrom: { resourceFieldRef: { resource: 'limits.cpu', divisor: '1m' } } },
          { name: 'MEMORY', valueFrom: { resourceFieldRef: { resource: 'limits.memory', divisor: '1Mi' } } },
          { name: 'KEY', valueFrom: { configMapKeyRef: { name: 'config', key: 'a.b', optional: true } } },
          { name: 'PASSWORD', valueFrom: { secretKeyRef: { name: 'secret', key: 'password' } } },
        ],
        envFrom: [
          { prefix: 'C_', configMapRef: { name: 'config' } },
          { secretRef: { name: 'secret', optional: true } },
        ],
        resources: {
          limits: {
            cpu: '500m',
            memory: '128Mi',
            'ephemeral-storage': '1Gi',
            'example.com/gpu': 1,
            'hugepages-2Mi': '4Mi',
          },
          requests: { cpu: 0.1, memory: '64Mi', 'example.com/gpu': '1', 'hugepages-2Mi': '4Mi' },
        },
        resizePolicy: [{ resourceName: 'cpu', restartPolicy: 'NotRequired' }],
        livenessProbe: {
          httpGet: { path: '/live', port: 'http', scheme: 'HTTP', httpHeaders: [{ name: 'X-A', value: 'b' }] },
          initialDelaySeconds: 1,
          timeoutSeconds: 2,
          terminationGracePeriodSeconds: 5,
        },
        readinessProbe: { exec: { command: ['ready'] }, successThreshold: 2, periodSeconds: 3 },
        startupProbe: { grpc: { port: 9000, service: 'health' } },
        lifecycle: { postStart: { httpGet: { port: 8080 } }, preStop: { sleep: { seconds: 3 } } },
        securityContext: {
          allowPrivilegeEscalation: false,
          capabilities: { add: ['NET_ADMIN'], drop: ['ALL'] },
          privileged: false,
          procMount: 'Default',
          readOnlyRootFilesystem: true,
          runAsUser: 1000,
        },
        stdin: true,
        terminationMessagePath: '/tmp/end',
        terminationMessagePolicy: 'FallbackToLogsOnError',
        tty: false,
        volumeDevices: [{ name: 'disk', devicePath: '/dev/xvda' }],
        volumeMounts: [
          { name: 'tmp', mountPath: '/tmp', mountPropagation: 'HostToContainer' },
          { name: 'config', mountPath: '/etc/a', readOnly: true, subPath: 'a/b..c', recursiveReadOnly: 'Disabled' },
          { name: 'all', mountPath: '/all', subPathExpr: '$(NAME)', readOnly: true },
        ],
      },
      {
        name: 'side',
        image: 'side',
        restartPolicy: 'Never',
        restartPolicyRules: [{ action: 'Restart', exitCodes: { operator: 'In', values: [42] } }],
      },
    ],
    volumes: [
      { name: 'tmp', emptyDir: { medium: 'Memory', sizeLimit: '64Mi' } },
      { name: 'disk', persistentVolumeClaim: { claimName: 'disk' } },
      {
        name: 'config',
        configMap: { name: 'config', defaultMode: 0o640, items: [{ key: 'a', path: 'a/b', mode: 0o400 }] },
      },
      { name: 'secret', secret: { secretName: 'secret', optional: true } },
      { name: 'host', hostPath: { path: '/var/lib', type: 'DirectoryOrCreate' } },
      {
        name: 'all',
        projected: {
          sources: [
            { configMap: { name: 'config', items: [{ key: 'a', path: 'one' }] } },
            { secret: { name: 'secret' } },
            { downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] } },
            { serviceAccountToken: { path: 'token', expirationSeconds: 600 } },
          ],
        },
      },
      {
        name: 'info',
        downwardAPI: {
          items: [{ path: 'cpu', resourceFieldRef: { containerName: 'main', resource: 'limits.cpu' }, mode: 0o400 }],
        },
      },
      { name: 'files', nfs: { server: 'a', path: '/b' } },
      { name: 'driver', csi: { driver: 'csi.example.com' } },
      { name: 'oci', image: { reference: 'example.com/data:1', pullPolicy: 'Always' } },
      {
        name: 'own',
        ephemeral: {
          volumeClaimTemplate: {
            metadata: { labels: { a: 'b' } },
            spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
          },
        },
      },
    ],
  },
};
