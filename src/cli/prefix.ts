/** Turns pieces of output, cut anywhere, into text with a prefix before each line. */
export function linePrefixer(prefix: string): (data: Uint8Array) => string {
  const decoder = new TextDecoder();
  let atStart = true;
  return data => {
    const text = decoder.decode(data, { stream: true });
    if (prefix === '' || text === '') return text;
    const ends = text.endsWith('\n');
    const body = ends ? text.slice(0, -1) : text;
    const out = (atStart ? prefix : '') + body.replaceAll('\n', `\n${prefix}`) + (ends ? '\n' : '');
    atStart = ends;
    return out;
  };
}
