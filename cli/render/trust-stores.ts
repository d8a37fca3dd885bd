/** Who trusts the local authority now, and what is left to do by hand: "done" alone would say too much. */
import type { OutputOf } from '../../contract/index.ts';
import { paint } from './style.ts';

export function renderTrustStores(stores: OutputOf<'certs.stores'>): string {
  return stores
    .filter(({ present }) => present)
    .flatMap(({ label, trusted, reason, command }) => [
      trusted
        ? `  ${paint('green', '✓')} ${label}`
        : `  ${paint('yellow', '!')} ${label}: ${reason === '' ? 'not trusted' : reason}`,
      ...(trusted || !command ? [] : [`    by hand: ${paint('cyan', command)}`]),
    ])
    .join('\n');
}
