/** A change that ended well, in one line; and what it left behind that somebody will want: files and links. */
import type { Change } from '../../contract/changes.ts';
import { formatDuration, paint } from './style.ts';

export function renderChange({ summary, tasks, startedAt, endedAt }: Change): string {
  const took =
    endedAt === null ? '' : paint('dim', ` in ${formatDuration(Date.parse(endedAt) - Date.parse(startedAt))}`);
  const left = tasks.map(({ detail }) => detail).filter((detail) => /^(https?:\/\/|\/)/.test(detail));
  return [`${paint('green', '✓')} ${summary}: done${took}`, ...left.map((detail) => `  ${detail}`)].join('\n');
}
