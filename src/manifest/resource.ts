import type { V1ResourceRequirements } from '@kubernetes/client-node';
import { quote } from './formats.ts';
import { pointer } from './place.ts';
import { quantityMilli } from './quantity.ts';
import type { Report } from './report.ts';

/** Checks limits and requests: never negative, requests within limits, memory in whole bytes. */
export function checkResources(resources: V1ResourceRequirements | undefined, at: string, report: Report): void {
  const { limits = {}, requests = {} } = resources ?? {};
  // Requests that equal their limit were mostly filled in from it.
  const own = Object.fromEntries(Object.entries(requests).filter(([name, request]) => request !== limits[name]));
  for (const [field, amounts] of Object.entries({ limits, requests: own })) {
    for (const [name, quantity] of Object.entries(amounts))
      checkAmount(name, quantity, pointer(at, field, name), report);
  }
  for (const [name, request] of Object.entries(requests)) {
    const limit = limits[name];
    if (limit === undefined || (quantityMilli(request) ?? 0) <= (quantityMilli(limit) ?? 0)) continue;
    const found = `found ${quote(String(request))}, expected at most the limit ${quote(String(limit))}`;
    report(pointer(at, 'requests', name), {
      code: 'FIELD_CONFLICT',
      found,
      hint: 'Lower the request, or raise the limit',
    });
  }
}

function checkAmount(name: string, quantity: string, at: string, report: Report): void {
  const amount = quantityMilli(quantity); // Thousandths.
  if (amount === undefined) return;
  const text = String(quantity);
  if (amount < 0) {
    report(at, {
      code: 'FIELD_VALUE',
      found: `found ${quote(text)}, expected no negative amount`,
      hint: 'Correct the number',
    });
  } else if (name === 'memory' && amount % 1000 !== 0) {
    const hint = `"m" means thousandths: did you mean "${text.replace(/m$/, 'Mi')}"`;
    report(at, { code: 'FIELD_VALUE', found: `${quote(text)} is a fraction of a byte`, hint, severity: 'warning' });
  }
}
