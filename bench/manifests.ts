/** `count` pods of one container each, none of which waits to be stopped. */
export function onePods(count: number): string {
  return Array.from({ length: count }, (_, index) => onePod(`pod-${index}`)).join('---\n');
}

/** One pod of one container. */
export function onePod(name: string): string {
  return `apiVersion: v1
kind: Pod
metadata: { name: ${name} }
spec:
  terminationGracePeriodSeconds: 0
  containers:
    - { name: main, image: 'localhost/bb:1', imagePullPolicy: Never, command: [sleep, '10000'] }
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
