import { EVENT_ID, type Event, SCALAR_STYLE } from 'js-yaml';

/** Where a node begins, with its quotes, tag and anchor; `fallback` for what is empty. */
export function offsetOf(event: Exclude<Event, { type: 1 | 5 | 6 }>, fallback: number): number {
  const quoted =
    'valueStart' in event && (event.style === SCALAR_STYLE.SINGLE_QUOTED || event.style === SCALAR_STYLE.DOUBLE_QUOTED);
  const start = 'valueStart' in event ? event.valueStart - (quoted ? 1 : 0) : event.start;
  const starts = [start, event.tagStart, event.anchorStart - 1].filter(at => at >= 0);
  return starts.length > 0 ? Math.min(...starts) : fallback;
}

/** Index after the document that begins at `index`. */
export function endOf(events: readonly Event[], index: number): number {
  let depth = 0;
  for (let i = index; i < events.length; i++) {
    const type = events[i]?.type;
    if (type === EVENT_ID.POP) depth -= 1;
    else if (type !== EVENT_ID.SCALAR && type !== EVENT_ID.ALIAS) depth += 1;
    if (depth === 0) return i + 1;
  }
  return events.length;
}

/** Offset of a document's first value; 0 where it is empty. */
export function offsetOfDocument(events: readonly Event[], index: number): number {
  for (let i = index; i < events.length; i++) {
    const event = events[i];
    // The next one: a search to the end for each of many empty documents would take minutes.
    if (i > index && event?.type === EVENT_ID.DOCUMENT) break;
    if (event?.type === EVENT_ID.SCALAR && event.valueStart >= 0) return event.valueStart;
    if (event?.type === EVENT_ID.MAPPING || event?.type === EVENT_ID.SEQUENCE) return event.start;
  }
  return 0;
}

/** `str` for `!!str` and for its long form; `''` without a tag. */
export function tagOf(source: string, event: { readonly tagStart: number; readonly tagEnd: number }): string {
  if (event.tagStart < 0) return '';
  return source
    .slice(event.tagStart, event.tagEnd)
    .replace(/^!<tag:yaml\.org,2002:(\w+)>$/, '$1')
    .replace(/^!!/, '');
}
