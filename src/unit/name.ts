import { hash } from '../model/hash.ts';
import { type Key, keyParts } from '../model/key.ts';
import { engineNameOf } from '../model/names.ts';

/** A unit's name has at most 255 characters (systemd.unit(5)); temporary files beside it have longer ones. */
const stemLimit = 200;

/**
 * The unit that starts a pod at boot: `podstead-pod-web.service`, `podstead-pod-shop_web.service` outside the default
 * namespace. Two owners or keys never share a name: the owner's own dashes are escaped. Names too long are cut and end
 * in a hash of the whole.
 */
export function unitName(key: Key, owner: string): string {
  const kind = keyParts(key).kind.toLowerCase();
  const stem = `${escapeName(owner)}-${escapeName(kind)}-${escapeName(engineNameOf(key), '-')}`;
  if (stem.length <= stemLimit) return `${stem}.service`;
  return `${stem.slice(0, stemLimit - 17)}-${hash(stem)}.service`;
}

/**
 * Escapes text for a unit's name by the rules of systemd-escape(1): letters, digits, `:`, `_` and `.` stay but for a dot
 * in front; every other byte becomes `\xHH`. Characters in `also` stay too.
 */
export function escapeName(text: string, also = ''): string {
  const bytes = new TextEncoder().encode(text);
  return [...bytes]
    .map((byte, i) => {
      const char = String.fromCharCode(byte);
      const stays = /[A-Za-z0-9:_.]/.test(char) || also.includes(char);
      return stays && !(i === 0 && char === '.') ? char : `\\x${byte.toString(16).padStart(2, '0')}`;
    })
    .join('');
}
