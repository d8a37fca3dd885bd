/** Updates of Kojibox and of its list of runtimes. */
import type { Handlers } from '../../contract/index.ts';
import type { Updater } from '../updater/updater.ts';

type UpdateHandlers = Pick<Handlers, Extract<keyof Handlers, `updater.${string}`>>;

export function updateHandlers(updater: Updater): UpdateHandlers {
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
