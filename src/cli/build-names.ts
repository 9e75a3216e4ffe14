import { parseReference } from '../model/reference.ts';
import { localName } from '../podman/reference.ts';
import { CommandError } from './error.ts';

/** Names that an image is to get, as the engine will have them. @throws CommandError where one is none, before anything is built */
export function namesOf(given: readonly string[]): readonly string[] {
  for (const name of given) {
    const reference = parseReference(name);
    if (reference === undefined || reference.digest !== undefined) throw noName(name);
  }
  return given.map(localName);
}

function noName(name: string): CommandError {
  const lower = parseReference(lowered(name));
  const [fault, example] =
    lower === undefined
      ? ['it is no name', 'team/web:1']
      : lower.digest === undefined
        ? ['only a tag may have upper case', lowered(name)]
        : ['its digest comes of what is built', lowered(name.slice(0, name.indexOf('@')))];
  return new CommandError(`Cannot name the image "${name}": ${fault}`, { hint: `Write it as in "${example}"` });
}

/** All but the tag. */
function lowered(name: string): string {
  return name.replace(/^[^:@]*(:\d+\/[^:@]*)?/, part => part.toLowerCase());
}
