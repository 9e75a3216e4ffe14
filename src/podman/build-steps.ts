import type { Dockerfile } from 'dockerfile-ast';
import type { BuildEvent, BuildStep } from '../model/build.ts';

const stepLine = /^(?:\[(\d+)\/(\d+)\] )?STEP (\d+)\/(\d+): (.*)$/;
const cacheLine = /^--> Using cache /;
/** A piece that the engine says itself, whatever a command left unfinished on its line. */
const ofEngine = /^(\[\d+\/\d+\] )?(STEP \d|COMMIT\b|--> )/;

/** What a line of a build says, as Buildah 1.28 and later print it. */
export function readLine(line: string): BuildEvent {
  const step = stepLine.exec(line);
  if (step !== null) return { type: 'step', step: stepOf(step) };
  return cacheLine.test(line) ? { type: 'cached' } : { type: 'output', line };
}

function stepOf([, stage, stages, number, of, text = '']: RegExpExecArray): BuildStep {
  return {
    stage: stage === undefined ? undefined : { number: Number(stage), of: Number(stages) },
    number: Number(number),
    of: Number(of),
    text,
  };
}

/** Cuts a stream of pieces of text into lines without their ends; `\r` begins a line anew, as on a terminal. */
export async function* linesOf(pieces: AsyncIterable<string>): AsyncGenerator<string, void> {
  let rest = '';
  for await (const piece of pieces) {
    if (rest !== '' && ofEngine.test(piece)) {
      yield shown(rest);
      rest = '';
    }
    const lines = (rest + piece).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) yield shown(line);
  }
  if (rest !== '') yield shown(rest);
}

function shown(line: string): string {
  return line.trimEnd().split('\r').at(-1) ?? '';
}

/**
 * Where a step stands in its Containerfile, as a line from 1; undefined for a step that the engine adds (as for labels).
 *
 * @param text of the Containerfile
 */
export async function lineOf(step: BuildStep, text: string): Promise<number | undefined> {
  const stages: { readonly keyword: string; readonly line: number }[][] = [];
  for (const instruction of (await parsed(text)).getInstructions()) {
    const keyword = instruction.getKeyword();
    if (keyword === 'FROM') stages.push([]);
    // What stands before the first FROM is no step.
    stages.at(-1)?.push({ keyword, line: (instruction.getRange()?.start.line ?? 0) + 1 });
  }
  const found = stages[(step.stage?.number ?? 1) - 1]?.[step.number - 1];
  const keyword = step.text.split(' ')[0]?.toUpperCase();
  return found?.keyword === keyword ? found?.line : undefined;
}

/** The names of the stages of a Containerfile, in their order. */
export async function stagesOf(text: string): Promise<readonly string[]> {
  return (await parsed(text)).getFROMs().flatMap(from => from.getBuildStage() ?? []);
}

async function parsed(text: string): Promise<Dockerfile> {
  // Loaded when a build fails.
  const { DockerfileParser } = await import('dockerfile-ast');
  return DockerfileParser.parse(text);
}
