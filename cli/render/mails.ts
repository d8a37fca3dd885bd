/** Mails that were caught, and where the catcher listens. */
import type { OutputOf } from '../../contract/index.ts';
import { formatBytes, paint, renderTable } from './style.ts';

export function renderMails({ port, mails }: OutputOf<'mail.list'>): string {
  const where =
    port === null ? 'the catcher does not listen; PHP’s mail() is still caught' : `SMTP on 127.0.0.1:${port}`;
  if (mails.length === 0) return `no mail yet; ${paint('dim', where)}`;
  const rows = mails.map((mail) => [
    mail.id,
    mail.receivedAt.slice(0, 16).replace('T', ' '),
    mail.from,
    mail.to.join(', '),
    formatBytes(mail.size),
    mail.subject,
  ]);
  return `${renderTable(['ID', 'RECEIVED (UTC)', 'FROM', 'TO', 'SIZE', 'SUBJECT'], rows)}\n${paint('dim', where)}`;
}
