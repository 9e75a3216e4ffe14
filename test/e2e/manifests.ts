/**
 * A pod `main` beside `side` with an emptyDir, a claim and a ConfigMap, as YAML with the latter two.
 *
 * @param main more lines of the container `main`, indented by 6
 */
export const statefulPod = (name: string, says: string, graceSeconds: number, main: string): string => `
apiVersion: v1
kind: Pod
metadata: { name: ${name} }
spec:
  terminationGracePeriodSeconds: ${graceSeconds}
  volumes:
    - { name: scratch, emptyDir: {} }
    - { name: data, persistentVolumeClaim: { claimName: data } }
    - { name: conf, configMap: { name: conf } }
  containers:
    - name: main
      image: localhost/bb:1
      volumeMounts: [{ name: scratch, mountPath: /a }, { name: data, mountPath: /b }, { name: conf, mountPath: /c }]
      ${main}
    - { name: side, image: localhost/bb:1 }
---
apiVersion: v1
kind: ConfigMap
metadata: { name: conf }
data: { says: ${says} }
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: data }
spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
`;

/** Pods that end by themselves: `once` with 3 and for good, `success` with 0. */
export const finishedPods = `
apiVersion: v1
kind: Pod
metadata: { name: once }
spec:
  restartPolicy: Never
  containers: [{ name: main, image: 'localhost/bb:1', command: [sh, -c, 'exit 3'] }]
---
apiVersion: v1
kind: Pod
metadata: { name: success }
spec:
  restartPolicy: OnFailure
  containers: [{ name: main, image: 'localhost/bb:1', command: [sh, -c, 'exit 0'] }]
`;
