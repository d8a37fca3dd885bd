/** Joins the daemon's signed offers with electron-updater and with the end of the app. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { app, Notification } from 'electron';
import type { AppUpdater } from 'electron-updater';
import type { Client } from '../../client/index.ts';
import { installFetched, refuseReplacing } from './app-install.ts';
import { watchUpdates } from './app-updater.ts';
import type { Texts } from './texts.ts';

/** @returns null where nothing is packaged, so that nothing can be replaced */
export function createUpdates(client: Client, texts: () => Texts): ReturnType<typeof watchUpdates> | null {
  if (!app.isPackaged) return null;
  let appImages: AppUpdater | null = null;
  const updates = watchUpdates({
    load: async () => {
      const { AppImageUpdater, autoUpdater } = (await import('electron-updater')).default;
      // It goes by a file that all Linux packages of one build share.
      return process.env['APPIMAGE'] === undefined ? autoUpdater : (appImages ??= new AppImageUpdater());
    },
    digest: async (file) => {
      const hash = createHash('sha256');
      for await (const piece of createReadStream(file)) hash.update(piece as Buffer);
      return hash.digest('hex');
    },
    refusal: () => refuseReplacing(process.env['APPIMAGE']),
    install: (fetched) => installFetched(fetched, process.env['APPIMAGE']),
    ready: (version) => new Notification({ title: texts().updateReady(version), body: texts().updateReadyText }).show(),
    failed: (reason) => process.stderr.write(`cannot fetch the update: ${reason}\n`),
  });
  app.once('quit', (_event, exitCode) => {
    if (exitCode === 0) updates.install();
  });
  // The daemon answers with an event when there is one; without a network there is none.
  client.call('updater.check', {}).catch(() => undefined);
  return updates;
}
