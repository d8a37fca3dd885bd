/** Shows a change until it ends. Ctrl-C cancels it. */
import type { Client } from '../client/index.ts';
import type { Change } from '../contract/changes.ts';
import { waitForChange } from './change-end.ts';
import { createProgressView } from './render/progress.ts';

/**
 * @param quiet true: draws nothing (for `--json`)
 * @returns the ended change; rejects with the change's error
 */
export async function followChange(
  client: Client,
  change: Change,
  quiet: boolean,
  signal?: AbortSignal,
): Promise<Change> {
  const view = quiet ? null : createProgressView(process.stderr);
  const interrupted = new AbortController();
  const cancel = (): void => interrupted.abort();
  process.on('SIGINT', cancel);
  signal?.addEventListener('abort', cancel);
  try {
    return await waitForChange(client, change, (latest) => view?.show(latest), interrupted.signal);
  } finally {
    view?.end();
    process.off('SIGINT', cancel);
    signal?.removeEventListener('abort', cancel);
  }
}
