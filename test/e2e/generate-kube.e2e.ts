import assert from 'node:assert/strict';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { dump, loadAll } from 'js-yaml';
import { everyField } from './every-field.ts';
import { busyboxImage, freePort, type PrivatePodman, privatePodman } from './host.ts';
import { cleanUps, type Host, host } from './podstead.ts';
import { copySample } from './sample.ts';

/** The Secrets among manifests, which are never generated. */
const secretsIn = (text: string): string =>
  (loadAll(text) as { kind: string }[])
    .filter(({ kind }) => kind === 'Secret')
    .map(object => dump(object))
    .join('---\n');

describe('generate kube of pods of ours', () => {
  const cleaning = cleanUps();
  let on: Host;
  let secrets: string;
  before(async () => {
    on = await host(cleaning);
    const directory = join(on.source, '..', 'volumes');
    await mkdir(join(directory, 'host', 'inner'), { recursive: true });
    await mkdir(join(directory, 'host', 'front'), { recursive: true });
    await copySample(on.source);
    const text = everyField({ directory, port: await freePort() });
    await on.write({ 'every-field.yaml': text });
    const sample = await readFile(join(on.source, 'web.yaml'), 'utf8');
    secrets = `${secretsIn(text)}---\n${secretsIn(sample)}`;
    const applied = await on.podstead('apply', on.source);
    assert.equal(applied.code, 0, applied.stderr);
  });

  test('the samples and every field are written so that applying them changes nothing', async () => {
    const all = join(on.source, 'all.yaml');
    const written = await on.podstead('generate', 'kube', '-f', all);
    assert.equal(written.code, 0, written.stderr);
    assert.match(written.stderr, /^Deployment\/default\/web: image localhost\/hello:latest was built here/m);
    const text = await readFile(all, 'utf8');
    for (const line of written.stderr.split('\n').filter(each => each.includes(' is needed, '))) {
      assert.ok(text.includes(`# ${line}\n`), line);
    }
    assert.doesNotMatch(text, /hush|quiet|demo:demo/);
    for (const name of ['every-field.yaml', 'web.yaml', 'clock.yaml']) await rm(join(on.source, name));
    await writeFile(join(on.source, 'secrets.yaml'), secrets);
    const judged = await on.podstead('validate', '--strict', on.source);
    assert.equal(judged.code, 0, judged.stdout + judged.stderr);
    const planned = await on.podstead('plan', on.source, '--prune');
    assert.equal(planned.code, 0, planned.stdout + planned.stderr);
    const diff = await on.podstead('diff', on.source, '--prune');
    assert.equal(diff.code, 0, diff.stdout + diff.stderr);
    const again = await on.podstead('generate', 'kube');
    assert.equal(again.stdout, text);
  });

  test('one object is written by its key, with what it needs and nothing else', async () => {
    const { code, stdout, stderr } = await on.podstead('generate', 'kube', 'web');
    assert.equal(code, 0, stderr);
    const kinds = (loadAll(stdout) as { kind: string }[]).map(({ kind }) => kind);
    assert.deepEqual(kinds, ['ConfigMap', 'PersistentVolumeClaim', 'Deployment']);
  });

  test('as JSON it is a List of the same objects, or the only object', async () => {
    const yaml = await on.podstead('generate', 'kube', 'web');
    const { code, stdout, stderr } = await on.podstead('generate', 'kube', 'web', '-o', 'json');
    assert.equal(code, 0, stderr);
    assert.match(stderr, /^Deployment\/default\/web: image localhost\/hello:latest was built here/m);
    const { kind, items } = JSON.parse(stdout) as { readonly kind: string; readonly items: readonly unknown[] };
    assert.deepEqual([kind, items], ['List', loadAll(yaml.stdout)]);
    const only = await on.podstead('generate', 'kube', 'clock', '-o', 'json');
    assert.equal((JSON.parse(only.stdout) as { kind: string }).kind, 'Pod');
    const all = await on.podstead('generate', 'kube', '-o', 'json', '-f', join(on.source, 'all.json'));
    assert.equal(all.code, 0, all.stderr);
    await rm(join(on.source, 'all.yaml'));
    const planned = await on.podstead('plan', on.source, '--prune');
    assert.equal(planned.code, 0, planned.stdout + planned.stderr);
  });

  test('names of nothing say what there is, and a file that is there stays', async () => {
    const none = await on.podstead('generate', 'kube', 'nothing');
    assert.equal(none.code, 1);
    assert.match(none.stderr, /Cannot find "nothing".*\n.*Name one of: .*Pod\/default\/clock/s);
    const file = join(on.source, '..', 'there.yaml');
    await writeFile(file, 'kept');
    const there = await on.podstead('generate', 'kube', 'clock', '-f', file);
    assert.equal(there.code, 1);
    assert.match(there.stderr, /there is such a file/);
    assert.equal(await readFile(file, 'utf8'), 'kept');
    const both = await on.podstead('generate', 'kube', 'clock', '--pod', 'clock');
    assert.equal(both.code, 1);
    assert.match(both.stderr, /more than one of KEY, --pod and --container/);
  });
});

describe('generate kube of what was made by hand', () => {
  const cleaning = cleanUps();
  let on: Host;
  let other: PrivatePodman;
  let file: (name: string) => string;
  before(async () => {
    on = await host(cleaning);
    other = await privatePodman(cleaning);
    await busyboxImage(other.podman);
    file = name => join(on.source, `${name}.yaml`);
  });

  const podman = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await on.engine.podman(...args);
    assert.equal(code, 0, `podman ${args.join(' ')}: ${stderr}`);
    return stdout.trim();
  };
  const generate = async (name: string, ...args: string[]): Promise<{ text: string; remarks: readonly string[] }> => {
    const { code, stderr } = await on.podstead('generate', 'kube', ...args, '-f', file(name), '-q');
    assert.equal(code, 0, stderr);
    const judged = await on.podstead('validate', '--strict', on.source);
    assert.equal(judged.code, 0, judged.stdout + judged.stderr);
    const text = await readFile(file(name), 'utf8');
    const remarks = stderr.split('\n').filter(line => line !== '');
    // All that is said stands at the top of the file, too.
    const comments = text.split('\n').filter(line => line.startsWith('# '));
    assert.deepEqual(
      comments,
      remarks.map(remark => `# ${remark}`),
    );
    return { text, remarks };
  };
  /** Plays the file in another engine, and inspects a container there. */
  const played = async (name: string, container: string): Promise<Inspected> => {
    const run = await other.podman('kube', 'play', file(name));
    assert.equal(run.code, 0, run.stderr);
    return inspected(other, container);
  };
  const idle = ['sh', '-c', 'trap "exit 0" TERM; while :; do sleep 1 & wait; done'];

  test('a pod with all that a manifest can say runs the same elsewhere', async () => {
    const bound = join(on.source, '..', 'bound');
    await mkdir(bound);
    const [http, dns] = [await freePort(), await freePort()];
    await podman('volume', 'create', '--label', 'kept=yes', 'hand-data');
    const pod = ['--name', 'hand', '--hostname', 'handy', '--share', 'net,ipc,uts,pid', '--label', 'team=web'];
    const net = ['-p', `127.0.0.1:${http}:80`, '-p', `${dns}:53/udp`, '--add-host', 'db.example:10.0.0.9'];
    await podman(
      'pod',
      'create',
      ...pod,
      ...net,
      '--dns',
      '10.0.0.1',
      '--dns-search',
      'example',
      '--dns-opt',
      'ndots:3',
    );
    await podman('create', '--pod', 'hand', '--init-ctr', 'always', '--name', 'hand-prep', 'localhost/bb:1', 'true');
    const limits = [
      '-m',
      '64m',
      '--cpus',
      '0.5',
      '--memory-reservation',
      '32m',
      '--ulimit',
      'nofile=100:200',
      '--pids-limit',
      '50',
    ];
    const mounts = ['-v', 'hand-data:/data', '-v', `${bound}:/bound:ro`, '--tmpfs', '/scratch:size=10m'];
    const rights = [
      '--user',
      '1000:2000',
      '--group-add',
      '3000',
      '--cap-add',
      'NET_ADMIN',
      '--cap-drop',
      'CHOWN',
      '--security-opt',
      'no-new-privileges',
    ];
    const life = [
      '--restart',
      'on-failure:3',
      '--stop-timeout',
      '3',
      '--stop-signal',
      'USR1',
      '--health-cmd',
      'true',
      '--health-interval',
      'disable',
    ];
    await podman(
      ...['create', '--pod', 'hand', '--name', 'hand-main', '--entrypoint', '["sh","-c"]', '--workdir', '/tmp'],
      ...['-e', 'A=yes', '-e', 'B=0123', '-e', 'HOME=/data', '--label', 'tier=front', '--annotation', 'note=hi'],
      ...[...limits, ...mounts, ...rights, ...life, '-t', 'localhost/bb:1', 'sleep 1000'],
    );
    const before = await inspected(on.engine, 'hand-main');
    const { text, remarks } = await generate('hand', '--pod', 'hand');
    assert.deepEqual(remarks, [
      'Pod/default/hand: container main: cannot say that it is restarted at most 3 times',
      'Pod/default/hand: the ulimits nofile=100:200 are not those of all containers: a manifest gives them to all',
      'Pod/default/hand: the groups 3000 are not those of all containers: a manifest gives them to all',
    ]);
    const objects = loadAll(text) as { kind: string; metadata: object; spec: Readonly<Record<string, unknown>> }[];
    assert.deepEqual(
      objects.map(({ kind }) => kind),
      ['PersistentVolumeClaim', 'Pod'],
    );
    assert.deepEqual(objects[0]?.metadata, { name: 'hand-data', labels: { kept: 'yes' } });
    const { containers, volumes, ...spec } = objects[1]?.spec ?? {};
    assert.deepEqual(spec, {
      os: { name: 'linux' },
      restartPolicy: 'OnFailure',
      terminationGracePeriodSeconds: 3,
      hostname: 'handy',
      shareProcessNamespace: true,
      hostAliases: [{ ip: '10.0.0.9', hostnames: ['db.example'] }],
      dnsConfig: { nameservers: ['10.0.0.1'], searches: ['example'], options: [{ name: 'ndots', value: '3' }] },
      securityContext: { supplementalGroups: [3000] },
      initContainers: [{ name: 'prep', image: 'localhost/bb:1', imagePullPolicy: 'IfNotPresent', args: ['true'] }],
    });
    assert.deepEqual(objects[1]?.metadata, {
      name: 'hand',
      labels: { team: 'web', tier: 'front' },
      annotations: {
        note: 'hi',
        'io.podman.annotations.pids-limit/main': '50',
        'io.podman.annotations.ulimit': 'nofile=100:200',
      },
    });
    assert.equal((containers as unknown[]).length, 1);
    assert.equal((volumes as unknown[]).length, 3);
    const after = await played('hand', 'hand-main');
    assert.deepEqual(after, before);
  });

  test('a container in no pod becomes a pod of that name', async () => {
    await podman('create', '--name', 'solo', '-e', 'X=on', '-v', '/anonymous', 'localhost/bb:1', ...idle);
    const before = await inspected(on.engine, 'solo');
    const { text, remarks } = await generate('solo', '--container', 'solo');
    assert.deepEqual(remarks, []);
    assert.match(text, /kind: Pod\nmetadata:\n {2}name: solo-pod\n/);
    // The volume keeps its name, which is its data's.
    assert.ok(text.includes(`claimName: ${before.volumes[0]}`), text);
    assert.deepEqual(await played('solo', 'solo-pod-solo'), before);
  });

  test('a volume keeps its driver and options', async () => {
    const options = ['--opt', 'type=tmpfs', '--opt', 'device=tmpfs', '--opt', 'o=mode=0711,uid=1000'];
    await podman('volume', 'create', ...options, 'own-options');
    await podman('create', '--name', 'holder', '-v', 'own-options:/own', 'localhost/bb:1', ...idle);
    const { remarks } = await generate('holder', '--container', 'holder');
    assert.deepEqual(remarks, []);
    const run = await other.podman('kube', 'play', file('holder'));
    assert.equal(run.code, 0, run.stderr);
    const shown = ['volume', 'inspect', '--format', '{{json .Options}}', 'own-options'];
    assert.deepEqual(JSON.parse(await podman(...shown)), {
      type: 'tmpfs',
      device: 'tmpfs',
      o: 'mode=0711,uid=1000',
      UID: '1000',
    });
    // Of a claim, Podman keeps the owner apart.
    const again: unknown = JSON.parse((await other.podman(...shown)).stdout);
    assert.deepEqual(again, { type: 'tmpfs', device: 'tmpfs', o: 'mode=0711', UID: '1000' });
    const mounted = await other.podman('exec', 'holder-pod-holder', 'mount');
    assert.match(mounted.stdout, /^tmpfs on \/own type tmpfs \(.*mode=711/m);
  });

  test('what comes from the image, and from Podman, is left out', async () => {
    await podman('create', '--name', 'plain', 'localhost/bb:1');
    const { text } = await generate('plain', '--container', 'plain');
    assert.equal(
      text,
      `apiVersion: v1
kind: Pod
metadata:
  name: plain-pod
spec:
  restartPolicy: Never
  terminationGracePeriodSeconds: 10
  containers:
    - name: plain
      image: localhost/bb:1
      imagePullPolicy: IfNotPresent
`,
    );
  });

  test('what a container has of the host, its CPUs and its health check', async () => {
    const health = [
      '--health-cmd',
      'test -e /bin/sh',
      '--health-interval',
      '5s',
      '--health-retries',
      '4',
      '--health-start-period',
      '3s',
    ];
    await podman(
      ...['create', '--name', 'near', '--privileged', '--network', 'host', '--pid', 'host', '--ipc', 'host'],
      ...[
        '--restart',
        'unless-stopped',
        '--cpuset-cpus',
        '0',
        '--cpu-shares',
        '512',
        ...health,
        'localhost/bb:1',
        ...idle,
      ],
    );
    const { text } = await generate('near', '--container', 'near');
    const [{ metadata, spec }] = loadAll(text) as [{ metadata: object; spec: { containers: object[] } }];
    assert.deepEqual(metadata, {
      name: 'near-pod',
      annotations: { 'io.podman.annotations.cpuset/near': '0' },
    });
    const { containers, ...rest } = spec;
    assert.deepEqual(rest, { terminationGracePeriodSeconds: 10, hostNetwork: true, hostPID: true, hostIPC: true });
    assert.deepEqual(containers, [
      {
        name: 'near',
        image: 'localhost/bb:1',
        imagePullPolicy: 'IfNotPresent',
        args: idle,
        resources: { requests: { cpu: '500m' } },
        readinessProbe: {
          exec: { command: ['/bin/sh', '-c', 'test -e /bin/sh'] },
          initialDelaySeconds: 3,
          periodSeconds: 5,
          timeoutSeconds: 30,
          failureThreshold: 4,
        },
        securityContext: { privileged: true },
      },
    ]);
  });

  /** 4.3 shows variables of secrets like any others, 5.4 not at all. */
  const isShown = async (): Promise<boolean> =>
    Number.parseInt(await podman('version', '--format', '{{.Client.Version}}'), 10) < 5;
  /** @returns the status of the engine's answer */
  const post = (path: string, body: string): Promise<number | undefined> =>
    new Promise((done, fail) => {
      const headers = { 'content-type': 'application/json' };
      const sent = request({ socketPath: on.engine.socket, path, method: 'POST', headers }, response => {
        response.resume().once('end', () => done(response.statusCode));
      });
      sent.once('error', fail).end(body);
    });

  test('secrets are references, and their values are nowhere', async () => {
    const secret = join(on.source, '..', 'secret');
    await writeFile(secret, 'hush-hush');
    await podman('secret', 'create', 'sek', secret);
    await podman(
      'create',
      '--name',
      'keeper',
      '-e',
      'OPEN=1',
      '--secret',
      'sek',
      '--secret',
      'sek,type=env,target=KEY',
      'localhost/bb:1',
    );
    await podman('start', 'keeper');
    assert.equal((await podman('inspect', 'keeper')).includes('KEY=hush-hush'), await isShown());
    await on.write({
      'sek.yaml': `apiVersion: v1\nkind: Secret\nmetadata: { name: sek }\nstringData: { sek: other }\n`,
    });
    const { text, remarks } = await generate('keeper', '--container', 'keeper');
    assert.doesNotMatch(text + remarks.join('\n'), /hush/);
    assert.deepEqual(remarks, [
      'Secret/default/sek: is needed, and Secrets are never written out; keep it beside this file',
    ]);
    assert.match(text, /- name: KEY\n +valueFrom:\n +secretKeyRef:\n +name: sek\n +key: sek\n/);
    assert.match(text, /- name: OPEN\n +value: '1'\n/);
    assert.match(text, /mountPath: \/run\/secrets\n/);
  });

  test('where the engine does not tell which variables are of secrets, no value is written', async () => {
    const body = JSON.stringify({
      name: 'made',
      image: 'localhost/bb:1',
      env: { OPEN: '1' },
      secret_env: { KEY: 'sek' },
    });
    assert.equal(await post('/v4.0.0/libpod/containers/create', body), 201);
    await podman('start', 'made');
    assert.equal((await podman('inspect', 'made')).includes('KEY=hush-hush'), await isShown());
    const { text, remarks } = await generate('made', '--container', 'made');
    assert.doesNotMatch(text + remarks.join('\n'), /hush/);
    const names = (await isShown()) ? ['KEY', 'OPEN'] : ['OPEN'];
    assert.ok(
      remarks.some(remark => remark.includes('the values of') && names.every(name => remark.includes(name))),
      remarks.join('\n'),
    );
  });

  const follows = (policy: string): readonly string[] => ['--label', `io.containers.autoupdate=${policy}`];
  const annotationsIn = (text: string): unknown =>
    (loadAll(text) as [{ metadata: { annotations?: unknown } }])[0].metadata.annotations;

  test('labels for auto-update become the annotation that asks for the same', async () => {
    await podman('pod', 'create', '--name', 'fresh');
    const of = (name: string, policy: string): readonly string[] => [
      ...['create', '--pod', 'fresh', '--name', `fresh-${name}`, ...follows(policy)],
    ];
    await podman(...of('a', 'local'), 'localhost/bb:1', ...idle);
    await podman(...of('b', 'image'), 'localhost/bb:1', ...idle);
    const differing = await generate('fresh', '--pod', 'fresh');
    assert.deepEqual(differing.remarks, []);
    const auto = 'io.containers.autoupdate';
    assert.deepEqual(annotationsIn(differing.text), { [`${auto}/a`]: 'local', [`${auto}/b`]: 'registry' });
    await podman('create', '--name', 'alike', ...follows('registry'), 'localhost/bb:1', ...idle);
    assert.deepEqual(annotationsIn((await generate('alike', '--container', 'alike')).text), { [auto]: 'registry' });
    await podman('create', '--name', 'calm', ...follows('disabled'), 'localhost/bb:1', ...idle);
    const calm = await generate('calm', '--container', 'calm');
    assert.deepEqual([annotationsIn(calm.text), calm.remarks], [undefined, []]);
    // One of the image counts as well.
    const dir = join(on.source, '..', 'labelled');
    await mkdir(dir);
    await writeFile(join(dir, 'Containerfile'), `FROM localhost/bb:1\nLABEL ${auto}=local\n`);
    await podman('build', '-q', '-t', 'localhost/labelled:1', dir);
    await podman('create', '--name', 'labelled', 'localhost/labelled:1', ...idle);
    assert.deepEqual(annotationsIn((await generate('labelled', '--container', 'labelled')).text), { [auto]: 'local' });
    const init = ['create', '--pod', 'fresh', '--init-ctr', 'always', '--name', 'fresh-first', ...follows('local')];
    await podman(...init, 'localhost/bb:1', 'true');
    await rm(file('fresh'));
    const { remarks, text } = await generate('fresh', '--pod', 'fresh');
    assert.deepEqual(remarks, [
      'Pod/default/fresh: container first: cannot say that it follows its image (local), as an init container is made anew with its pod alone',
    ]);
    assert.deepEqual(annotationsIn(text), { [`${auto}/a`]: 'local', [`${auto}/b`]: 'registry' });
    await podman('pod', 'rm', '-f', 'fresh');
  });

  test('a container that is adopted with such a label follows its image, and is left alone until then', async () => {
    await podman('tag', 'localhost/bb:1', 'localhost/follow:1');
    await podman('pod', 'create', '--name', 'follow');
    const made = ['create', '--pod', 'follow', '--name', 'follow-main', ...follows('local'), '--stop-timeout', '0'];
    await podman(...made, 'localhost/follow:1', ...idle);
    await podman('pod', 'start', 'follow');
    const dir = join(on.source, '..', 'adopted');
    const adopted = await on.podstead('adopt', 'follow', '-d', dir);
    assert.equal(adopted.code, 0, adopted.stderr);
    const planned = await on.podstead('plan', dir);
    assert.equal(planned.code, 0, planned.stdout + planned.stderr);
    const build = join(on.source, '..', 'newer');
    await mkdir(build);
    await writeFile(join(build, 'Containerfile'), 'FROM localhost/bb:1\nLABEL newer=yes\n');
    await podman('build', '-q', '-t', 'localhost/follow:1', build);
    const applied = await on.podstead('apply', dir);
    assert.equal(applied.code, 0, applied.stderr);
    const newer = await podman('image', 'inspect', '--format', '{{.Id}}', 'localhost/follow:1');
    assert.equal(await podman('inspect', '--format', '{{.Image}}', 'follow-main'), newer);
    const again = await on.podstead('plan', dir);
    assert.equal(again.code, 0, again.stdout + again.stderr);
    assert.equal((await on.podstead('down', '--all')).code, 0);
  });

  test('what a manifest has no words for is told', async () => {
    await podman('network', 'create', 'own');
    await podman('volume', 'create', 'Odd_Name');
    await podman(
      'create',
      '--name',
      'Odd_One',
      '--network',
      'own',
      '--oom-score-adj',
      '100',
      '--tz',
      'UTC',
      '--umask',
      '0027',
      '--device',
      '/dev/null:/dev/x',
      '--rm',
      '--user',
      'nobody',
      '--uidmap',
      '0:100000:65536',
      '--label',
      'a b=c',
      '--label',
      'io.containers.autoupdate=weekly',
      '--log-driver',
      'k8s-file',
      '--security-opt',
      'unmask=ALL',
      '-v',
      'Odd_Name:/data:noexec',
      '--memory-swap',
      '80m',
      '-m',
      '64m',
      'localhost/bb:1',
    );
    const { remarks } = await generate('odd', '--container', 'Odd_One');
    const about = 'Pod/default/odd-one-pod: ';
    assert.deepEqual(
      [...remarks].sort(),
      [
        `${about}cannot say the label a b=c, as Kubernetes takes no such label`,
        `${about}cannot say the name Odd_One-pod, as Kubernetes takes no such name`,
        `${about}cannot say the name of container Odd_One: it is "odd-one" here`,
        `${about}cannot say the network own`,
        `${about}cannot say the volume Odd_Name to others, as a claim cannot have that name: "odd-name-422c0e25" says it in an annotation`,
        `${about}container odd-one: cannot say that it is removed when it ends`,
        `${about}container odd-one: cannot say the device /dev/null`,
        `${about}container odd-one: cannot say the label io.containers.autoupdate=weekly`,
        `${about}container odd-one: cannot say the user namespace private`,
        `${about}container odd-one: cannot say the limit of swap, 83886080 bytes with the memory`,
        `${about}container odd-one: cannot say the log driver k8s-file`,
        `${about}container odd-one: cannot say the OOM score 100`,
        `${about}container odd-one: cannot say the option unmask=ALL`,
        `${about}container odd-one: cannot say the options noexec of the mount at /data`,
        `${about}container odd-one: cannot say the time zone UTC`,
        `${about}container odd-one: cannot say the umask 0027`,
        `${about}container odd-one: cannot say the user "nobody", which is no number`,
      ].sort(),
    );
  });

  test('names of nothing say what there is; what is in a pod is told where', async () => {
    const of = async (...args: string[]): Promise<string> => {
      const { code, stdout, stderr } = await on.podstead('generate', 'kube', ...args);
      assert.equal(code, 1, stdout);
      assert.equal(stdout, '');
      return stderr;
    };
    assert.match(await of('--pod', 'nothing'), /Cannot find "nothing": no pod has that name\n +Name one of: hand\n/);
    assert.match(await of('--container', 'nothing'), /no container has that name\n +Name one of: .*plain, solo\n/);
    assert.match(await of('--container', 'hand-main'), /it is in a pod\n +Name the pod: --pod /);
    assert.match(await of(), /nothing of ours runs here\n/);
    await podman('pod', 'create', '--name', 'bare');
    assert.match(await of('--pod', 'bare'), /it has no containers/);
  });
});

/** What runs in a container, as inspect tells it. */
interface Inspected {
  readonly volumes: readonly string[];
  readonly [fact: string]: unknown;
}

async function inspected(engine: PrivatePodman, name: string): Promise<Inspected> {
  const { stdout, stderr } = await engine.podman('inspect', name);
  const [found] = JSON.parse(stdout || '[]') as {
    Path: string;
    Args: string[];
    Config: { Env: string[]; User: string; WorkingDir: string; Tty: boolean };
    HostConfig: { Memory: number; CpuQuota: number; CapAdd: string[]; CapDrop: string[]; GroupAdd: string[] };
    Mounts: { Type: string; Name: string; Source: string; Destination: string; RW: boolean }[];
  }[];
  assert.ok(found, stderr);
  const { Path, Args, Config, HostConfig } = found;
  // Podman plays memory as a volume that is in memory, where a tmpfs is no mount to inspect.
  const Mounts = found.Mounts.filter(({ Name = '' }) => !Name.startsWith('memory-'));
  const mounts = Mounts.map(({ Type, Name, Source, Destination, RW }) => [Destination, Type, Name || Source, RW]);
  return {
    words: [Path, ...Args],
    env: Config.Env.filter(each => !/^(HOSTNAME=|TERM=xterm$|container=|HOME=\/$)/.test(each)).sort(),
    user: Config.User,
    directory: Config.WorkingDir,
    tty: Config.Tty,
    memory: HostConfig.Memory,
    cpu: HostConfig.CpuQuota,
    capabilities: [HostConfig.CapAdd, HostConfig.CapDrop],
    mounts: mounts.sort(),
    volumes: Mounts.filter(({ Type }) => Type === 'volume').map(({ Name }) => Name),
  };
}
