import type { V1FCVolumeSource, V1ISCSIVolumeSource, V1Volume } from '@kubernetes/client-node';
import { conflict, finding, missing } from './finding.ts';
import { innerPathFault, labelFault, quote, subdomainFault } from './formats.ts';
import { pointer } from './place.ts';
import type { Report } from './report.ts';

/** Names of iSCSI nodes: qualified ones, IEEE EUI-64 and NAA. */
const iscsiName = /^(iqn\.\d{4}-\d{2}\.[A-Za-z0-9.-]+(:[^,;*&$|\s]+)|eui.[A-Za-z0-9]{16}|naa.[A-Za-z0-9]{32})$/;
/** Of the name of a CSI driver. */
const longestDriver = 63;
/** Of a volume's name and its portal, which together name a directory. */
const longestPortal = 64;

/** Checks sources of volumes that are storage elsewhere. Podstead runs none of them, and still says what is wrong. */
export function checkStorage(volume: V1Volume, at: string, report: Report): void {
  const { azureDisk, csi, fc, flexVolume, flocker, gitRepo, iscsi, nfs, quobyte, storageos } = volume;
  if (nfs?.path && !nfs.path.startsWith('/')) {
    const found = `found ${quote(nfs.path)}, expected an absolute path`;
    finding(pointer(at, 'nfs', 'path'), found, 'Correct the path on the server', report);
  }
  if (csi?.driver) {
    const fault = subdomainFault(csi.driver.toLowerCase(), longestDriver);
    finding(pointer(at, 'csi', 'driver'), fault, 'Correct the name of the driver', report);
  }
  if (csi?.nodePublishSecretRef && !csi.nodePublishSecretRef.name) {
    missing(pointer(at, 'csi', 'nodePublishSecretRef'), 'name', 'Add the name of the Secret', report);
  }
  if (gitRepo?.directory) {
    const here = pointer(at, 'gitRepo', 'directory');
    finding(here, innerPathFault(gitRepo.directory), 'Name a path inside the volume', report);
  }
  if (iscsi) checkIscsi(iscsi, volume.name, pointer(at, 'iscsi'), report);
  if (fc) checkFibreChannel(fc, pointer(at, 'fc'), report);
  if (flocker && !flocker.datasetName === !flocker.datasetUUID) {
    conflict(pointer(at, 'flocker'), 'it needs "datasetName" or "datasetUUID", and not both', 'Keep one', report);
  }
  for (const option of Object.keys(flexVolume?.options ?? {})) {
    if (!/(^|\.)(kubernetes|k8s)\.io$/i.test(option.split('/')[0] ?? '')) continue;
    finding(pointer(at, 'flexVolume', 'options', option), "the domain is Kubernetes' own", 'Use another', report);
  }
  if (quobyte?.registry && !quobyte.registry.split(',').every(each => /^.+:[^:]*$/.test(each))) {
    const found = `found ${quote(quobyte.registry)}, expected "HOST:PORT"`;
    finding(pointer(at, 'quobyte', 'registry'), found, 'Correct the address', report);
  }
  if (storageos) {
    if (!storageos.volumeName) missing(pointer(at, 'storageos'), 'volumeName', 'Name the volume', report);
    else finding(pointer(at, 'storageos', 'volumeName'), labelFault(storageos.volumeName), 'Correct it', report);
  }
  const scheme = azureDisk?.kind === 'Managed' ? '/subscriptions/' : 'https://';
  if (azureDisk?.kind && azureDisk.diskURI && !azureDisk.diskURI.startsWith(scheme)) {
    const found = `found ${quote(azureDisk.diskURI)}, expected one that begins with ${quote(scheme)}`;
    finding(pointer(at, 'azureDisk', 'diskURI'), found, 'Correct it, or the kind', report);
  }
}

function checkIscsi(iscsi: V1ISCSIVolumeSource, volume: string, at: string, report: Report): void {
  for (const field of ['initiatorName', 'iqn'] as const) {
    const name = iscsi[field];
    if (!name || iscsiName.test(name)) continue;
    const found = `found ${quote(name)}, expected a name as in "iqn.2001-04.com.example:disk"`;
    finding(pointer(at, field), found, 'Correct the name', report);
  }
  if (iscsi.initiatorName && `${volume}:${iscsi.targetPortal}`.length > longestPortal) {
    const found = `with the name of the volume it has more than ${longestPortal} characters`;
    finding(pointer(at, 'targetPortal'), found, 'Shorten the name of the volume', report);
  }
  if ((iscsi.chapAuthDiscovery || iscsi.chapAuthSession) && !iscsi.secretRef) {
    missing(at, 'secretRef', 'Add the Secret to log in with', report);
  }
}

function checkFibreChannel({ lun, targetWWNs = [], wwids = [] }: V1FCVolumeSource, at: string, report: Report): void {
  if ((targetWWNs.length === 0) === (wwids.length === 0)) {
    conflict(at, 'it needs "targetWWNs" or "wwids", and not both', 'Keep one of them', report);
  } else if (targetWWNs.length > 0 && lun === undefined) {
    missing(at, 'lun', 'Add the number of the unit', report);
  } else if (targetWWNs.length > 0 && lun !== undefined && (lun < 0 || lun > 255)) {
    finding(pointer(at, 'lun'), `found ${lun}, expected 0 to 255`, 'Correct the number', report);
  }
}
