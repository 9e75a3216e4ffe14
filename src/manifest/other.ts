import type { V1ObjectMeta } from '@kubernetes/client-node';
import { scheduleFault } from './cron.ts';
import { finding, missing } from './finding.ts';
import { quote } from './formats.ts';
import { checkMetadata } from './metadata.ts';
import { except, type Report } from './report.ts';
import { reportStructure } from './structure.ts';
import { checkLasting, checkOwnSelector, checkTemplate, type Workload } from './workload.ts';

interface Other {
  readonly metadata?: V1ObjectMeta;
  readonly template?: Workload['template'];
  readonly spec?: Workload & {
    readonly jobTemplate?: { readonly spec?: Workload };
    readonly schedule?: string;
  };
}

/** Kinds whose names need not be names in the DNS. */
const freelyNamed: ReadonlySet<string> = new Set([
  'CertificateSigningRequest',
  'ClusterRole',
  'ClusterRoleBinding',
  'FlowSchema',
  'IPAddress',
  'PriorityLevelConfiguration',
  'Role',
  'RoleBinding',
]);
const template = '/spec/template';

const checks: Readonly<Record<string, (object: Other, report: Report) => void>> = {
  DaemonSet: checkController,
  ReplicaSet: checkController,
  // Its claims stand in for volumes, and so the server looks at its pods only when it makes them.
  StatefulSet: ({ spec }, report) => {
    if (spec) checkOwnSelector(spec, '/spec/selector', report);
    if (spec?.template) checkLasting(spec.template, template, report);
  },
  ReplicationController: ({ spec }, report) => checkPods(spec, report),
  PodTemplate: (object, report) => checkTemplate(object.template, '/template', report),
  Job: ({ spec }, report) => checkJob(spec, '/spec', report),
  CronJob: ({ spec }, report) => {
    if (spec?.schedule) finding('/spec/schedule', scheduleFault(spec.schedule), 'Correct the schedule', report);
    checkJob(spec?.jobTemplate?.spec, '/spec/jobTemplate/spec', report);
  },
};

/**
 * Checks an object of a kind that does not run here, so that it is right for the cluster that it is meant for:
 * structure, metadata and the templates of pods. `definition` is that of its schema.
 */
export function checkOther(definition: string, object: unknown, report: Report): void {
  const { typed, wrong } = reportStructure(definition, object, report);
  if (!typed) return;
  const other = object as Other;
  const rest = except(wrong, report);
  if (!freelyNamed.has(definition)) checkMetadata(other.metadata, '', rest);
  else if (!other.metadata?.name && !other.metadata?.generateName) {
    missing('/metadata', 'name', 'Add the name of the object', report);
  }
  checks[definition]?.(other, rest);
}

function checkController({ spec }: Other, report: Report): void {
  if (spec) checkOwnSelector(spec, '/spec/selector', report);
  checkPods(spec, report);
}

function checkPods(spec: Workload | undefined, report: Report): void {
  checkTemplate(spec?.template, template, report);
  if (spec?.template) checkLasting(spec.template, template, report);
}

function checkJob(spec: Workload | undefined, at: string, report: Report): void {
  checkTemplate(spec?.template, `${at}/template`, report);
  const pod = spec?.template?.spec;
  if (!pod || pod.restartPolicy === 'OnFailure' || pod.restartPolicy === 'Never') return;
  const found = `found ${quote(pod.restartPolicy || 'Always')}, expected "OnFailure" or "Never"`;
  finding(`${at}/template/spec/restartPolicy`, found, 'Say when the pods of the job run again', report);
}
