/** How far a change is, in one line. */
import type { Change, ChangeTask } from '../../contract/changes.ts';
import { t } from './index.ts';
import { sentenceText, stepText } from './said.ts';

const isDownload = ({ status, step, totalBytes }: ChangeTask): boolean =>
  status === 'running' && step === 'fetch' && totalBytes !== null && totalBytes > 0;

/**
 * The download that runs, with its size; else what is done now.
 * @param sizeOf bytes as text
 */
export function progressText(
  { tasks, progress }: Pick<Change, 'tasks' | 'progress'>,
  sizeOf: (bytes: number) => string,
): string {
  const download = tasks.find(isDownload);
  if (download !== undefined) {
    const all = download.totalBytes ?? 0;
    const percent = Math.min(100, Math.floor((100 * download.doneBytes) / all));
    return t.progress.fetching(sentenceText(download.label), sizeOf(download.doneBytes), sizeOf(all), percent);
  }
  const task = tasks.find(({ status }) => status === 'running');
  const what = task === undefined ? t.progress.working : `${sentenceText(task.label)}: ${stepText(task.step)}`;
  return `${what} · ${Math.floor(progress * 100)} %`;
}
