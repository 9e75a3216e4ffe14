import type { V1Container } from '@kubernetes/client-node';
import { checkEnvironment } from './environment.ts';
import { labelFault, quote } from './formats.ts';
import { finding } from './metadata.ts';
import { checkMounts } from './mount.ts';
import { pointer } from './place.ts';
import { checkPorts } from './port.ts';
import type { Report } from './report.ts';
import { checkResources } from './resource.ts';
import { checkSecurity } from './security.ts';

/** `[HOST[:PORT]/]PATH[:TAG][@DIGEST]`, after the grammar of github.com/distribution/reference. */
const reference =
  /^(?:(?:[a-zA-Z0-9]|[a-zA-Z0-9][-a-zA-Z0-9.]*[a-zA-Z0-9]|\[[0-9a-fA-F:]+\])(?::\d+)?\/)?[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*(?::\w[\w.-]{0,127})?(?:@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})?$/;

/** Checks a container or init container. `volumes` are the names of its pod's volumes. */
export function checkContainer(container: V1Container, at: string, volumes: ReadonlySet<string>, report: Report): void {
  const { name, image } = container;
  if (name !== undefined) finding(pointer(at, 'name'), labelFault(name), 'Rename the container', report);
  if (image !== undefined && !reference.test(image)) {
    const hint =
      image !== image.toLowerCase()
        ? 'Write the path of the image in lower case'
        : 'Write it as in "example.com/web:1.0"';
    finding(pointer(at, 'image'), `found ${quote(image)}, expected the name of an image`, hint, report);
  }
  checkPorts(container, at, report);
  checkEnvironment(container, at, report);
  checkMounts(container, at, volumes, report);
  checkResources(container.resources, pointer(at, 'resources'), report);
  checkSecurity(container.securityContext, pointer(at, 'securityContext'), report);
}
