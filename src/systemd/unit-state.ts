import { type SystemctlOptions, systemctl } from './systemctl.ts';

/**
 * Why systemd would start a unit again, or stop what is in it; undefined where it does neither. A unit whose file is gone
 * or masked does nothing any more, though what it started runs on (systemctl(1), systemd.unit(5)).
 *
 * @throws SystemdError where systemd cannot be asked
 */
export async function whyKept(unit: string, opts: SystemctlOptions): Promise<string | undefined> {
  return keptBy(await systemctl(['show', '--property=LoadState,ActiveState,UnitFileState', '--', unit], opts));
}

/** The same of what `systemctl show` printed. */
export function keptBy(shown: string): string | undefined {
  const of = (name: string): string => new RegExp(`^${name}=(.*)$`, 'm').exec(shown)?.[1]?.trim() ?? '';
  const [load, active, file] = [of('LoadState'), of('ActiveState'), of('UnitFileState')];
  if (load === 'not-found' || load === 'masked') return undefined;
  if (active !== 'inactive' && active !== 'failed') return `it is ${active || 'in an unknown state'}`;
  return file === 'disabled' ? undefined : `it is ${file || 'there'}, and starts again`;
}
