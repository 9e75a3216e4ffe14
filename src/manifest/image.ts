import { finding, unusable } from './finding.ts';
import { quote } from './formats.ts';
import type { Report } from './report.ts';

/** `[HOST[:PORT]/]PATH[:TAG][@DIGEST]`, after the grammar of github.com/distribution/reference. */
const reference =
  /^(?:(?:[a-zA-Z0-9]|[a-zA-Z0-9][-a-zA-Z0-9.]*[a-zA-Z0-9]|\[[0-9a-fA-F:]+\])(?::\d+)?\/)?[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*(?::\w[\w.-]{0,127})?(?:@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})?$/;

/** Checks the name of an image. A server takes any text, but in a Pod of its own none with spaces around it. */
export function checkImage(image: string | undefined, ofPod: boolean, at: string, report: Report): void {
  if (!image || reference.test(image)) return;
  if (ofPod && image !== image.trim()) {
    finding(at, `found ${quote(image)}, expected no spaces around it`, 'Remove the spaces', report);
    return;
  }
  const hint =
    image !== image.toLowerCase()
      ? 'Write the path of the image in lower case'
      : 'Write it as in "example.com/web:1.0"';
  unusable(at, `found ${quote(image)}, expected the name of an image`, hint, report);
}
