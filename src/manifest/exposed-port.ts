/** What EXPOSE takes: `8080`, `53/udp`, `8000-8010/tcp`, and what variables of the image stand for. */
export function isExposedPort(text: string): boolean {
  if (text.includes('$')) return true;
  const [, first, last = first] = /^(\d+)(?:-(\d+))?(?:\/(?:tcp|udp|sctp))?$/.exec(text) ?? [];
  const [from, to] = [Number(first), Number(last)];
  return from >= 1 && from <= to && to <= 65535;
}
