import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readHandMounts } from '../../src/podman/hand-mounts.ts';

test('readHandMounts() tells a part of a volume, which only Podman 5 has', () => {
  // As inspect of 5.4 shows `--mount type=volume,src=data,dst=/data,subpath=inner`.
  const mount = { Type: 'volume', Name: 'data', Destination: '/data', Options: ['nosuid', 'nodev', 'rbind'], RW: true };
  const whole = readHandMounts({ Mounts: [mount] });
  const part = readHandMounts({ Mounts: [{ ...mount, SubPath: 'inner' }] });
  assert.deepEqual(whole.unsaid, []);
  assert.deepEqual(part.unsaid, ['the part inner of the volume at /data: all of it is mounted']);
  assert.deepEqual(part.mounts, whole.mounts);
});
