/** Follows a change that ends its own daemon: an update, a move of the data. */
import type { Client } from '../client/index.ts';
import { KojiboxError } from '../contract/errors.ts';
import { ensureDaemon } from './daemon-process.ts';
import { createProgressView } from './render/progress.ts';

const LOOK_EVERY_MS = 500;

/** Answers of a daemon that is just making room for the next one, or of none. */
const LOST = new Set(['UNAVAILABLE', 'DAEMON_UNREACHABLE']);

/**
 * Shows the change until it ended, or until its daemon made room for the next one: what becomes of it then is in its record, not in
 * the change. Ctrl-C cancels, as long as nothing was switched. Rejects with why the change failed.
 */
export async function followHandover(client: Client, changeId: string, quiet: boolean): Promise<void> {
  const view = quiet ? null : createProgressView(process.stderr);
  const cancel = (): void => {
    client.call('changes.cancel', { id: changeId }).catch(() => undefined); // Too late: the daemon is gone.
  };
  process.on('SIGINT', cancel);
  try {
    await new Promise<void>((resolve, reject) => {
      const stream = client.events(
        (event) => {
          const change =
            event.event === 'change:updated'
              ? event.data
              : event.event === 'snapshot'
                ? event.data.changes.find(({ id }) => id === changeId)
                : undefined;
          if (change?.id !== changeId) return;
          view?.show(change);
          if (change.status === 'running') return;
          stream.close();
          if (change.error === null) resolve();
          else reject(KojiboxError.fromBody(change.error));
        },
        (status) => {
          if (status !== 'disconnected') return;
          stream.close();
          resolve();
        },
      );
    });
  } finally {
    view?.end();
    process.off('SIGINT', cancel);
  }
}

/**
 * Asks until there is an outcome; each time again, because the daemon that is asked is replaced.
 * @param ask undefined: not yet
 */
export async function untilHandedOver<T>(ask: (client: Client) => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const client = await ensureDaemon();
    try {
      const outcome = await ask(client);
      if (outcome !== undefined) return outcome;
    } catch (error) {
      if (!(error instanceof KojiboxError && LOST.has(error.code))) throw error;
    } finally {
      client.close();
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}
