/** Updates of Kojibox and of its list of runtimes. */
import type { Handlers } from '../../contract/index.ts';
import type { OpenUpdater } from '../updater/open-updater.ts';

type UpdateHandlers = Pick<Handlers, Extract<keyof Handlers, `updater.${string}`>>;

export function updateHandlers(updater: Omit<OpenUpdater, 'begin'>): UpdateHandlers {
  return {
    'updater.check': () => updater.check(),
    'updater.status': () => Promise.resolve(updater.status()),
    'updater.handover': () => updater.handover(),
    'updater.applyManifest': () => updater.applyManifest(),
    'updater.apply': async (wanted) => {
      await updater.apply(wanted);
      return 'ok';
    },
    'updater.rollback': async () => {
      await updater.rollback();
      return 'ok';
    },
  };
}
