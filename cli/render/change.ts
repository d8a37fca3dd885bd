/** A change that ended well, in one line; what did not go well in it; and what it left behind that its user will want: files and links. */
import type { Change } from '../../contract/changes.ts';
import { formatDuration, paint } from './style.ts';

export function renderChange({ summary, tasks, startedAt, endedAt }: Change): string {
  const took =
    endedAt === null ? '' : paint('dim', ` in ${formatDuration(Date.parse(endedAt) - Date.parse(startedAt))}`);
  const left = tasks.map(({ detail }) => detail).filter((detail) => /^(https?:\/\/|\/)/.test(detail));
  const failed = tasks.filter(({ status }) => status === 'failed');
  const warnings = failed.map(({ label, detail }) => `  ${paint('yellow', '!')} ${label}: ${detail}`);
  return [`${paint('green', '✓')} ${summary}: done${took}`, ...warnings, ...left.map((detail) => `  ${detail}`)].join(
    '\n',
  );
}
