import fc from 'fast-check';
import type { SourceFile } from '../../src/model/source.ts';
import { directory, type Layout, layouts, plainLayout, written } from './layout.ts';
import {
  identityOf,
  type Manifest,
  manifestsOf,
  type PodWish,
  podNames,
  podWish,
  type Wish,
  wishes,
} from './manifests.ts';

/** A source as its user keeps it: what is wanted, how it is written, and what is wrong with it. */
export interface Tree {
  readonly wish: Wish;
  readonly layout: Layout;
  readonly broken: Break | undefined;
}

/** Ways to break a source; each makes the view partial, and none of them takes an object away on purpose. */
export const breaks = [
  'cut',
  'tab',
  'unknownField',
  'wrongType',
  'missingReference',
  'duplicate',
  'noKind',
  'template',
] as const;
export type Break = (typeof breaks)[number];

/** What a user does to a source. */
export type Edit =
  | { readonly edit: 'rewrite'; readonly wish: Wish }
  | { readonly edit: 'add'; readonly pod: PodWish }
  | { readonly edit: 'remove'; readonly at: number }
  | { readonly edit: 'change'; readonly at: number; readonly to: PodWish; readonly field: keyof PodWish }
  | { readonly edit: 'rename'; readonly at: number; readonly name: PodWish['name'] }
  | { readonly edit: 'data'; readonly field: 'config' | 'secret' | 'context'; readonly value: number }
  | { readonly edit: 'break'; readonly how: Break }
  | { readonly edit: 'mend' }
  /** Order, files, quotes, comments: nothing that means anything. */
  | { readonly edit: 'format'; readonly layout: Layout };

export const emptyTree: Tree = {
  wish: { pods: [], config: 0, secret: 0, context: 0 },
  layout: plainLayout,
  broken: undefined,
};

const at = fc.nat(3);
const changeable = [
  'replicas',
  'sandbox',
  'port',
  'main',
  'hasSide',
  'hasInit',
  'sidecar',
  'handlers',
  'env',
  'volumes',
  'memory',
  'inPlace',
  'follows',
] as const;

/** One edit; `break` among them only where asked for. */
export function edits({ breaking }: { readonly breaking: boolean }): fc.Arbitrary<Edit> {
  const sound: fc.Arbitrary<Edit>[] = [
    fc.record({ edit: fc.constant('rewrite' as const), wish: wishes() }),
    fc.record({ edit: fc.constant('add' as const), pod: podWish }),
    fc.record({ edit: fc.constant('remove' as const), at }),
    fc.record({ edit: fc.constant('change' as const), at, to: podWish, field: fc.constantFrom(...changeable) }),
    fc.record({ edit: fc.constant('rename' as const), at, name: fc.constantFrom(...podNames) }),
    fc.record({
      edit: fc.constant('data' as const),
      field: fc.constantFrom('config' as const, 'secret', 'context'),
      value: fc.nat(2),
    }),
    fc.record({ edit: fc.constant('format' as const), layout: layouts }),
  ];
  const spoiling: fc.Arbitrary<Edit>[] = [
    fc.record({ edit: fc.constant('break' as const), how: fc.constantFrom(...breaks) }),
    fc.record({ edit: fc.constant('mend' as const) }),
  ];
  return fc.oneof(...sound, ...(breaking ? spoiling : []));
}

/** The source after an edit; one that does not apply changes nothing. */
export function edited(tree: Tree, edit: Edit): Tree {
  const { wish } = tree;
  const withPods = (pods: readonly PodWish[]): Tree => ({ ...tree, wish: { ...wish, pods: unique(pods) } });
  const swap = (index: number, change: (pod: PodWish) => PodWish): Tree =>
    withPods(wish.pods.map((pod, each) => (each === index % wish.pods.length ? change(pod) : pod)));
  switch (edit.edit) {
    case 'rewrite':
      return { ...tree, wish: edit.wish };
    case 'add':
      return withPods([...wish.pods, edit.pod]);
    case 'remove':
      return withPods(wish.pods.filter((_, index) => index !== edit.at % wish.pods.length));
    case 'change':
      return swap(edit.at, pod => ({ ...pod, [edit.field]: edit.to[edit.field] }));
    case 'rename':
      return swap(edit.at, pod => ({ ...pod, name: edit.name }));
    case 'data':
      return { ...tree, wish: { ...wish, [edit.field]: edit.value } };
    case 'break':
      return { ...tree, broken: edit.how };
    case 'mend':
      return { ...tree, broken: undefined };
    case 'format':
      return { ...tree, layout: edit.layout };
  }
}

/** The tree as files. */
export function filesOf({ wish, layout, broken }: Tree): readonly SourceFile[] {
  const manifests = manifestsOf(wish);
  return broken === undefined ? written(manifests, layout) : brokenFiles(manifests, layout, broken);
}

function brokenFiles(manifests: readonly Manifest[], layout: Layout, how: Break): readonly SourceFile[] {
  const last = manifests.at(-1) ?? {};
  const rest = manifests.slice(0, -1);
  const spoilt = (text: string): readonly SourceFile[] => [
    ...written(rest, layout),
    { path: 'broken.yaml', directory, text },
  ];
  const changed = (more: Manifest): readonly SourceFile[] => written([...rest, { ...last, ...more }], layout);
  switch (how) {
    case 'cut':
      return spoilt(`${JSON.stringify(last).slice(0, -1)}\n`);
    case 'tab':
      return spoilt('kind: Pod\n\tname: x\n');
    case 'template':
      return spoilt('kind: Pod\nmetadata: {{ .Values }}\n');
    case 'unknownField':
      return changed({ specs: {} });
    case 'wrongType':
      return changed({ metadata: { ...(last.metadata as Manifest), labels: ['x'] } });
    case 'duplicate':
      return written([...manifests, last], layout);
    case 'noKind':
      return written([...rest, Object.fromEntries(Object.entries(last).filter(([name]) => name !== 'kind'))], layout);
    case 'missingReference':
      return written(
        manifests.filter(({ kind }) => kind !== 'ConfigMap'),
        layout,
      ).concat({ path: 'odd.yaml', directory, text: 'apiVersion: v1\nkind: ConfigMaps\nmetadata: {name: conf}\n' });
  }
}

function unique(pods: readonly PodWish[]): readonly PodWish[] {
  return pods.filter((pod, index) => pods.findIndex(other => identityOf(other) === identityOf(pod)) === index);
}
