/** Waits for the end of a change by its events; nothing is polled, and a daemon that restarts in the meantime is noticed. */
import type { Client } from '../client/index.ts';
import type { Change } from '../contract/changes.ts';
import { KojiboxError } from '../contract/errors.ts';

/**
 * @param show called with each state of the change, the last one included
 * @param signal cancels the change; the promise then rejects with the change's own error
 * @returns the ended change; rejects with the change's error, or UNAVAILABLE when the daemon forgot it
 */
export async function waitForChange(
  client: Client,
  change: Change,
  show: (change: Change) => void,
  signal?: AbortSignal,
): Promise<Change> {
  const cancel = (): void => {
    // The change ends as "cancelled"; a daemon that is gone by now makes the stream below fail instead.
    client.call('changes.cancel', { id: change.id }).catch(() => undefined);
  };
  if (signal?.aborted === true) cancel();
  signal?.addEventListener('abort', cancel);
  try {
    const ended = await untilEnded(client, change, show);
    if (ended.error !== null) throw KojiboxError.fromBody(ended.error);
    return ended;
  } finally {
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
              detail: 'the daemon restarted during it',
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
