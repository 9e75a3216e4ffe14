import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Desired } from '../../src/model/desired.ts';
import { type Quadlet, quadletUnits } from '../../src/unit/quadlet.ts';
import { isAtLeast, quadletKeys, quadletSection, type Version } from '../../src/unit/quadlet-keys.ts';
import { kubeUnits } from '../../src/unit/quadlet-kube.ts';
import { splitCommand } from '../../src/unit/quote.ts';
import { parseUnit, renderUnit, type UnitFile, valuesOf } from '../../src/unit/unit-file.ts';
import { desired, pod } from '../plan/manifests.ts';
import { oddManifest } from './quadlet-sample.ts';
import { webUnit } from './samples.ts';

interface Asked {
  readonly podman?: Version;
  readonly systemd?: number;
}

/** What the first pod becomes; the boot unit's description is that of `webUnit`. */
function made(all: Desired, { podman = '5.4', systemd = 257 }: Asked = {}, make = quadletUnits): Quadlet {
  const [first] = all.pods.values();
  assert.ok(first);
  const { volumes, images } = all;
  return make({ unit: { ...webUnit, key: first.key }, pod: first, volumes, images, podman, systemd });
}

function unitOf({ units }: Quadlet, suffix: string): UnitFile {
  const found = units.find(({ name }) => name.endsWith(suffix));
  assert.ok(found, `no unit ${suffix} among ${units.map(({ name }) => name)}`);
  return found;
}

const said = ({ remarks }: Quadlet): readonly string[] =>
  remarks.map(({ location, what, refused }) => `${location.line}${refused ? ' refused' : ''}: ${what}`);

test('quadletUnits makes a .pod, a .container for each container, and what they need', () => {
  const found = made(desired(oddManifest));
  assert.deepEqual(
    found.units.map(({ name }) => name),
    [
      'podstead-pod-web.pod',
      'podstead-pod-web__prepare.container',
      'podstead-pod-web__side.container',
      'podstead-pod-web__main.container',
      'podstead.network',
      'podstead-claim-data.volume',
    ],
  );
  assert.deepEqual(
    found.files.map(({ path }) => path),
    ['podstead-pod-web.files/settings/a', 'podstead-pod-web.files/settings/c.conf'],
  );
});

test('quadletUnits orders init containers, sidecars and main ones as the pod does', () => {
  const found = made(desired(oddManifest));
  const after = (name: string): readonly string[] => valuesOf(unitOf(found, `__${name}.container`), 'Unit', 'Requires');
  assert.deepEqual(
    [after('prepare'), after('side'), after('main')],
    [[], ['podstead-pod-web__prepare.service'], ['podstead-pod-web__prepare.service podstead-pod-web__side.service']],
  );
  const types = ['prepare', 'side', 'main'].map(name =>
    valuesOf(unitOf(found, `__${name}.container`), 'Service', 'Type'),
  );
  assert.deepEqual(types, [['oneshot'], [], []]);
  // Else what waits for them is let go of when they fail first.
  const modes = ['prepare', 'side', 'main'].map(name =>
    valuesOf(unitOf(found, `__${name}.container`), 'Service', 'RestartMode'),
  );
  assert.deepEqual(modes, [['direct'], ['direct'], []]);
});

test('host paths are made or checked by their types, where a container uses them', () => {
  const before = (type: string): readonly string[] => {
    const container = 'volumeMounts: [{ name: h, mountPath: /h }]';
    const volumes = `  volumes: [{ name: h, hostPath: { path: /srv/a b, type: ${type} } }, { name: other, hostPath: { path: /x, type: File } }]\n`;
    const main = unitOf(made(desired(pod('web', container, volumes))), '__main.container');
    return valuesOf(main, 'Service', 'ExecStartPre').map(line => splitCommand(line).join(' '));
  };
  assert.deepEqual(['DirectoryOrCreate', 'Directory', 'Socket', "''"].map(before), [
    ['/usr/bin/mkdir -p -- /srv/a b'],
    ['/usr/bin/test -d /srv/a b'],
    ['/usr/bin/test -S /srv/a b'],
    [],
  ]);
});

test('quadletUnits leaves restarts to systemd by the policy of the pod, growing where it can', () => {
  const keys = ['Restart', 'RestartSec', 'RestartSteps', 'RestartMaxDelaySec'];
  const restart = (policy: string, systemd: number): readonly string[] => {
    const found = made(desired(pod('web', '', `  restartPolicy: ${policy}\n`)), { systemd });
    return keys.flatMap(key => valuesOf(unitOf(found, '__main.container'), 'Service', key));
  };
  assert.deepEqual(
    [restart('Always', 257), restart('Always', 252), restart('OnFailure', 254), restart('Never', 257)],
    [['always', '10', '5', '300'], ['always', '10'], ['on-failure', '10', '5', '300'], ['no']],
  );
});

test('a key beyond the floor of the asked Podman becomes an option of podman, and is said', () => {
  const all = desired(oddManifest);
  const memory = 'Memory= of [Container] came with Podman 5.5: given as PodmanArgs=';
  for (const { podman, key, option, remarks } of [
    { podman: '5.4', key: [], option: ['--memory=67108864'], remarks: 1 },
    { podman: '5.5', key: ['67108864'], option: [], remarks: 0 },
  ] as const) {
    const found = made(all, { podman });
    const main = unitOf(found, '__main.container');
    assert.deepEqual(valuesOf(main, 'Container', 'Memory'), key);
    const options = valuesOf(main, 'Container', 'PodmanArgs').filter(value => value.startsWith('--memory='));
    assert.deepEqual(options, option);
    assert.equal(said(found).filter(line => line.includes(memory)).length, remarks);
  }
});

test('no unit for a Podman has a key that this Podman refuses', () => {
  const all = desired(oddManifest);
  for (const podman of ['5.0', '5.1', '5.2', '5.3', '5.4', '5.5', '5.6'] as const) {
    for (const { name, sections } of made(all, { podman }).units) {
      for (const { name: group, entries } of sections) {
        const known = quadletKeys[group as keyof typeof quadletKeys];
        if (known === undefined) continue;
        for (const [key] of entries) {
          if (key === 'PodmanArgs') continue;
          assert.ok(isAtLeast(podman, known[key]?.since ?? '9.9'), `${key}= in ${name} for ${podman}`);
        }
      }
    }
  }
});

test('quadletSection refuses to write a key whose floor is not known', () => {
  const section = quadletSection('Pod', '5.4');
  assert.throws(() => section.set('PodNam', 'web'), /its floor is not in the table/);
});

test('what Quadlet cannot say is told with its line', () => {
  const found = made(desired(oddManifest), { podman: '5.6' });
  assert.deepEqual(said(found), [
    `38: variable PASSWORD is Podman's secret "web-main.PASSWORD": make it with \`podman secret create\``,
    `44: nobody runs the readiness probe of container 'main': Podman knows no readiness`,
    `53: file /creds/password is Podman's secret "web.creds.password": make it with \`podman secret create\``,
  ]);
  const text = renderUnit(unitOf(found, '.pod'));
  assert.match(text, /^# .*:44: nobody runs the readiness probe of container 'main'/m);
  assert.deepEqual(parseUnit('x.pod', text).sections, unitOf(found, '.pod').sections);
});

test('no unit holds the value of a Secret', () => {
  const { units, remarks, files } = made(desired(oddManifest));
  const text = JSON.stringify([units, remarks, files.map(file => new TextDecoder().decode(file.content.reveal()))]);
  assert.doesNotMatch(text, /hidden-value/);
});

for (const [what, container, spec] of [
  ['runAsNonRoot', 'securityContext: { runAsNonRoot: true }', ''],
  ['fsGroup', '', '  securityContext: { fsGroup: 5 }\n'],
  ['the address of the pod', 'env: [{ name: IP, valueFrom: { fieldRef: { fieldPath: status.podIP } } }]', ''],
  [
    'a subPath of the host',
    'volumeMounts: [{ name: h, mountPath: /h, subPath: x }]',
    '  volumes: [{ name: h, hostPath: { path: /srv } }]\n',
  ],
] as const) {
  test(`a pod that must not run without ${what} is refused`, () => {
    assert.equal(
      made(desired(pod('web', container, spec))).remarks.some(({ refused }) => refused),
      true,
    );
  });
}

test('an empty argument goes into the entrypoint, as Quadlet takes it for the end of the list', () => {
  const words = (container: string): readonly unknown[] => {
    const found = made(desired(pod('web', container)));
    const main = unitOf(found, '__main.container');
    return [valuesOf(main, 'Container', 'Entrypoint'), valuesOf(main, 'Container', 'Exec'), said(found).slice(-1)];
  };
  assert.deepEqual(words("command: [a]\n      args: ['', b]").slice(0, 2), [['["a","","b"]'], []]);
  assert.match(String(words("args: ['', b]")[2]), /refused: an argument of container 'main' is empty/);
});

test('the sandbox outlives containers that are about to be started again', () => {
  const { sections } = unitOf(made(desired(pod('web')), { podman: '5.6' }), '.pod');
  assert.deepEqual(valuesOf({ name: '', sections }, 'Pod', 'ExitPolicy'), ['continue']);
});

test('preStop is run before the container is removed, and its words are as written', () => {
  const [stop = ''] = valuesOf(unitOf(made(desired(oddManifest)), '__main.container'), 'Service', 'ExecStop');
  assert.deepEqual(splitCommand(stop.slice(1)), ['/usr/bin/podman', 'exec', 'web-main', 'sh', '-c', 'echo 5% $HOME']);
});

test('kubeUnits names a manifest beside it, and tells what kube play leaves out', () => {
  const found = made(desired(pod('web', 'readinessProbe: { tcpSocket: { port: 80 } }')), {}, kubeUnits);
  assert.deepEqual(valuesOf(unitOf(found, '.kube'), 'Kube', 'Yaml'), ['./podstead-pod-web.yaml']);
  assert.deepEqual(said(found), [`9: the readiness probe of 'main': kube play ignores it`]);
});

test('kubeUnits refuses sidecars, for which kube play waits for ever', () => {
  assert.deepEqual(
    made(desired(oddManifest), {}, kubeUnits)
      .remarks.filter(({ refused }) => refused)
      .map(({ location }) => location.line),
    [27],
  );
});

test('quadletUnits and kubeUnits put a pod after the services of others, and of their containers', () => {
  const all = desired(pod('app'), oddManifest);
  const [app, web] = all.pods.values();
  assert.ok(app && web);
  const { volumes, images } = all;
  const unit = { ...webUnit, key: app.key };
  const spec = { unit, pod: app, earlier: [web], volumes, images, podman: '5.4' as const, systemd: 257 };
  const containers = ['prepare', 'side', 'main'].map(name => `podstead-pod-web__${name}.service`);
  const of = ({ units }: Quadlet, key: string) =>
    valuesOf(unitOf({ units } as Quadlet, units[0]?.name ?? ''), 'Unit', key);
  for (const key of ['Wants', 'After']) {
    assert.deepEqual(of(quadletUnits(spec), key), [['podstead-pod-web-pod.service', ...containers].join(' ')]);
    assert.deepEqual(of(kubeUnits(spec), key), ['podstead-pod-web.service']);
  }
});
