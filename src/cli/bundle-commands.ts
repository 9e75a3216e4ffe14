import { Option } from 'commander';
import type { BasesFlag, BundleApplyFlags, BundleCreateFlags } from './bundle-flags.ts';
import { applyOptions } from './commands.ts';
import { podSecurityOption } from './flags.ts';
import { accessOptions } from './image-flags.ts';
import type { Add } from './program.ts';

/** Commands on bundles: manifests and their images in one file. */
export function addBundles(add: Add): void {
  add<[string[]], BundleCreateFlags>(
    {
      usage: 'bundle create <PATH...>',
      summary: 'put manifests and the images that they need into one file',
      details:
        'Put the manifests in PATH, what their images are built from, and every image that they need into one file. What was fetched before an interruption is used again. No engine is asked.',
      examples: [
        'podstead bundle create manifests -f site.bundle',
        'podstead bundle create manifests -f monday.bundle --base site.bundle',
        'podstead bundle create manifests -f arm.bundle --platform linux/arm64',
      ],
    },
    async (context, [paths], options) => (await import('./bundle-create.ts')).createBundle(context, paths, options),
    [
      new Option('-f, --file <FILE>', 'write the bundle there').makeOptionMandatory(),
      new Option('--base <BUNDLE>', 'leave out the layers that this earlier bundle has'),
      new Option('--image <NAME...>', 'this image too, as the base of one that is built'),
      new Option('--platform <OS/ARCH>', "images for that platform, as in linux/arm64; this host's where left out"),
      new Option('--strict', 'refuse what Podstead does not run, instead of warning'),
      podSecurityOption(),
      ...accessOptions(),
    ],
  );
  add<[string], BasesFlag>(
    {
      usage: 'bundle inspect <FILE>',
      summary: 'tell what a bundle holds, and check every byte of it',
      details:
        'Tell what a bundle holds, and hold every byte of it against its digest. Exits with 1 where one is wrong.',
      examples: ['podstead bundle inspect site.bundle', 'podstead bundle inspect site.bundle -o json'],
    },
    async (context, [file], options) => (await import('./bundle-inspect.ts')).inspectBundle(context, file, options),
    [new Option('--base <BUNDLE...>', 'check the layers that it takes from these as well')],
  );
  add<[string], BundleApplyFlags>(
    {
      usage: 'bundle apply <FILE>',
      summary: 'make it so, once, without a network; as apply does',
      details:
        'Make this host run what the manifests in a bundle say, as apply does. Every byte is checked first, images that the engine lacks come from the bundle, and no registry is asked for one.',
      examples: ['podstead bundle apply site.bundle', 'podstead bundle apply monday.bundle --base site.bundle --prune'],
    },
    async (context, [file], options) => (await import('./bundle-apply.ts')).applyBundle(context, file, options),
    [
      new Option('--base <BUNDLE...>', 'earlier bundles, for layers that the engine does not have'),
      ...applyOptions('the bundle'),
    ],
  );
}
