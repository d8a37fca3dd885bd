/** Shows a change until it ends. Ctrl-C cancels it. */
import type { Client } from '../client/index.ts';
import type { Change } from '../contract/changes.ts';
import { KojiboxError } from '../contract/errors.ts';
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
  const cancel = (): void => {
    // The change ends as "cancelled"; a daemon that is gone by now makes the stream below fail instead.
    client.call('changes.cancel', { id: change.id }).catch(() => undefined);
  };
  process.on('SIGINT', cancel);
  signal?.addEventListener('abort', cancel);
  try {
    const ended = await untilEnded(client, change, (latest) => view?.show(latest));
    if (ended.error !== null) throw KojiboxError.fromBody(ended.error);
    return ended;
  } finally {
    view?.end();
    process.off('SIGINT', cancel);
    signal?.removeEventListener('abort', cancel);
  }
}

function untilEnded(client: Client, change: Change, show: (change: Change) => void): Promise<Change> {
  return new Promise((resolve, reject) => {
    const finish = (latest: Change): void => {
      show(latest);
      if (latest.status === 'running') return;
      stream.close();
      resolve(latest);
    };
    let wasConnected = false;
    const stream = client.events(
      (event) => {
        if (event.event === 'change:updated' && event.data.id === change.id) finish(event.data);
        if (event.event !== 'snapshot') return;
        const known = event.data.changes.find(({ id }) => id === change.id);
        if (known !== undefined) finish(known);
        else if (wasConnected) {
          stream.close();
          reject(
            new KojiboxError('UNAVAILABLE', `cannot follow "${change.summary}" any longer`, {
              detail: 'the daemon restarted meanwhile',
              source: 'cli',
              remedy: 'Run the command again; what was done is kept.',
            }),
          );
        }
      },
      (status) => {
        wasConnected ||= status === 'connected';
      },
    );
  });
}
