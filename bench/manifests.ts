/** `count` pods of one container each, none of which waits to be stopped. */
export function onePods(count: number): string {
  return Array.from({ length: count }, (_, index) => onePod(`pod-${index}`)).join('---\n');
}

/** One pod of one container; another `edit` makes another container of it. */
export function onePod(name: string, edit = 0): string {
  return `apiVersion: v1
kind: Pod
metadata: { name: ${name} }
spec:
  terminationGracePeriodSeconds: 0
  containers:
    - { name: main, image: 'localhost/bb:1', imagePullPolicy: Never, command: [sleep, '${10_000 + edit}'] }
`;
}

/** A pod of three containers, the second of which serves a page on a host port. */
export function threePod(page: string, port: number): string {
  return `apiVersion: v1
kind: Pod
metadata: { name: three }
spec:
  terminationGracePeriodSeconds: 0
  containers:
    - { name: one, image: 'localhost/bb:1', imagePullPolicy: Never, command: [sleep, '10000'] }
    - name: two
      image: 'localhost/bb:1'
      imagePullPolicy: Never
      command: [sh, -c, 'mkdir -p /w; echo ${page} > /w/index.html; exec httpd -f -p 80 -h /w']
      ports: [{ containerPort: 80, hostPort: ${port}, hostIP: 127.0.0.1 }]
    - { name: three, image: 'localhost/bb:1', imagePullPolicy: Never, command: [sleep, '10000'] }
`;
}

/** How many manifests of a large source stand in one directory. */
const perDirectory = 100;

/**
 * File `index` of a large source, with its path: every tenth a ConfigMap, the others everyday Pods of two containers
 * that take in the ConfigMap of their ten; every tenth of them publishes a port.
 */
export function everyday(index: number, edit = 0): { readonly path: string; readonly text: string } {
  const directory = `team-${Math.floor(index / perDirectory)}`;
  const config = `config-${Math.floor(index / 10)}`;
  if (index % 10 === 0) {
    const text = `apiVersion: v1
kind: ConfigMap
metadata: { name: ${config}, labels: { app: app-${index} } }
data:
  LOG_LEVEL: info
  settings.ini: |
    [server]
    threads = ${edit + 4}
`;
    return { path: `${directory}/${config}.yaml`, text };
  }
  const ports =
    index % 10 === 1 ? `\n      ports: [{ containerPort: 80, hostPort: ${20_000 + Math.floor(index / 10)} }]` : '';
  const text = `# app-${index}: serves pages and ships its logs
apiVersion: v1
kind: Pod
metadata:
  name: app-${index}
  labels: { app: app-${index}, tier: web }
spec:
  terminationGracePeriodSeconds: 0
  containers:
    - name: web
      image: localhost/bb:1
      imagePullPolicy: IfNotPresent
      command: [httpd, -f, -p, '80']
      env:
        - { name: EDIT, value: '${edit}' }
        - name: LOG_LEVEL
          valueFrom: { configMapKeyRef: { name: ${config}, key: LOG_LEVEL } }
      resources:
        requests: { cpu: 50m, memory: 32Mi }
        limits: { cpu: 500m, memory: 128Mi }${ports}
      volumeMounts:
        - { name: config, mountPath: /etc/app }
        - { name: cache, mountPath: /cache }
    - name: logs
      image: localhost/bb:1
      imagePullPolicy: IfNotPresent
      command: [tail, -F, /cache/log]
      volumeMounts:
        - { name: cache, mountPath: /cache }
  volumes:
    - { name: config, configMap: { name: ${config} } }
    - { name: cache, emptyDir: {} }
`;
  return { path: `${directory}/app-${index}.yaml`, text };
}
