import { type Loaded, load } from '../../src/manifest/load.ts';
import type { KubeObject } from '../../src/manifest/object.ts';
import type { Problem } from '../../src/model/problem.ts';

/** Loads one text as the file `a.yaml`. */
export function read(text: string, strict = false): Loaded {
  return load([{ path: 'a.yaml', directory: '/manifests', text }], { strict });
}

/** The one object of a text. */
export function readOne(text: string): KubeObject {
  const { objects, problems } = read(text);
  const [object] = objects;
  if (!object || objects.length > 1) throw new Error(`expected one object, found ${objects.length}: ${show(problems)}`);
  return object;
}

/** `LINE:COLUMN severity CODE` of each problem. */
export function codes(problems: readonly Problem[]): string[] {
  return problems.map(({ line, column, severity, code }) => `${line}:${column} ${severity} ${code}`);
}

/** A Pod with one container, with more lines of its spec and of the container. */
export function pod(spec = '', container = ''): string {
  return `apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
${indent(spec, 2)}  containers:
  - name: main
    image: example.com/web:1
${indent(container, 4)}`;
}

/** A Deployment with one container and more lines of its spec and of its template's. */
export function deployment(spec = '', template = ''): string {
  return `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
${indent(spec, 2)}  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
${indent(template, 6)}      containers:
      - {name: main, image: "example.com/web:1"}
`;
}

function indent(text: string, by: number): string {
  return text
    .split('\n')
    .filter(Boolean)
    .map(line => `${' '.repeat(by)}${line}\n`)
    .join('');
}

function show(problems: readonly Problem[]): string {
  return problems.map(problem => problem.message).join('; ');
}
