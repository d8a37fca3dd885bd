/** Which of the daemon's sentences are shown, and which of them are about ports. */
import { readNotice } from '../../contract/notices.ts';

interface PortRemark {
  readonly text: string;
  /** The name that people see. */
  readonly service: string;
}

export interface SortedRemarks {
  readonly ports: readonly PortRemark[];
  readonly others: readonly string[];
}

/** What a sentence is remembered by: the same move of a port is the same news, whoever holds the usual one today. */
export function keyOf(text: string): string {
  const known = readNotice(text);
  if (known?.kind !== 'portMoved') return text;
  const { service = '', port = '', wanted = '' } = known.values;
  return `portMoved ${service} ${wanted} ${port}`;
}

/** @param dismissed keys of those that were put away */
export function sortRemarks(texts: readonly string[], dismissed: ReadonlySet<string>): SortedRemarks {
  const ports: PortRemark[] = [];
  const others: string[] = [];
  for (const text of texts) {
    if (dismissed.has(keyOf(text))) continue;
    const known = readNotice(text);
    if (known?.kind === 'portMoved') ports.push({ text, service: known.values['service'] ?? '' });
    else others.push(text);
  }
  return { ports, others };
}
