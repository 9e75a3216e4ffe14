/** A pod with odd characters wherever a manifest takes them, and most of what Quadlet has keys for. */
export const oddManifest = `
apiVersion: v1
kind: ConfigMap
metadata: { name: settings }
data: { a: b, c.conf: "x\\n" }
---
apiVersion: v1
kind: Secret
metadata: { name: creds }
stringData: { password: hidden-value }
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: data }
spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
---
apiVersion: v1
kind: Pod
metadata:
  name: web
  labels: { app: web }
  annotations: { note: 'a "b" 100% $HOME' }
spec:
  hostname: front
  initContainers:
    - { name: prepare, image: localhost/bb:1, command: [sh, -c, 'echo $$(HOME) 50% "q" \\ back'] }
    - { name: side, image: localhost/bb:1, restartPolicy: Always, command: [sleep, infinity] }
  containers:
    - name: main
      image: localhost/bb:1
      command: [sh, -c, "echo 'it''s' %n $(date)\\nexec sleep inf"]
      args: [a b, "tab\\there", ünï, '%n $$(A)']
      workingDir: /my dir/%h
      ports:
        - { containerPort: 80, hostPort: 8080 }
        - { containerPort: 53, hostPort: 5353, hostIP: '::1', protocol: UDP }
      env:
        - { name: PASSWORD, valueFrom: { secretKeyRef: { name: creds, key: password } } }
        - { name: NAME, valueFrom: { fieldRef: { fieldPath: metadata.name } } }
        - { name: A, value: "b $c %i \\"q\\" \\\\ 'x'\\nnext" }
        - { name: EMPTY, value: '' }
      resources: { limits: { cpu: 500m, memory: 64Mi }, requests: { cpu: 100m } }
      livenessProbe: { exec: { command: [sh, -c, 'test -e "/a b"'] }, periodSeconds: 5 }
      readinessProbe: { httpGet: { port: 80 } }
      lifecycle: { preStop: { exec: { command: [sh, -c, 'echo 5% $HOME'] } } }
      securityContext:
        runAsUser: 1000
        readOnlyRootFilesystem: true
        allowPrivilegeEscalation: false
        capabilities: { drop: [ALL], add: [NET_BIND_SERVICE] }
      volumeMounts:
        - { name: settings, mountPath: /settings }
        - { name: creds, mountPath: /creds }
        - { name: scratch, mountPath: /scratch }
        - { name: memory, mountPath: /memory }
        - { name: host, mountPath: /host, readOnly: true }
        - { name: data, mountPath: /data }
        - { name: data, mountPath: /sub, subPath: 'a,b' }
  volumes:
    - { name: settings, configMap: { name: settings } }
    - { name: creds, secret: { secretName: creds } }
    - { name: scratch, emptyDir: {} }
    - { name: memory, emptyDir: { medium: Memory, sizeLimit: 1Mi } }
    - { name: host, hostPath: { path: /srv/a b%h } }
    - { name: data, persistentVolumeClaim: { claimName: data } }
`;

/** What systemd must hand on to podman of it, in the end. */
export const oddWords: readonly string[] = [
  JSON.stringify(['sh', '-c', "echo 'it''s' %n $(date)\nexec sleep inf"]),
  'a b',
  'tab\there',
  'ünï',
  '%n $(A)',
  '/my dir/%h',
  `A=b $c %i "q" \\ 'x'\nnext`,
  'EMPTY=',
  'NAME=web',
  'note=a "b" 100% $HOME',
  '/srv/a b%h:/host:rbind,ro',
  'type=volume,source=data,destination=/sub,"subpath=a,b"',
];
