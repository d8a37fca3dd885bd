/** Looks for updates once a day. Nothing is installed by it except a newer list of runtimes, which only says what could be. */
import type { Logger } from '../../core/system/logger.ts';
import type { Updater } from './updater.ts';

const DAY_MS = 86_400_000;
/** After the start of the daemon: not in the way of what the user is about to do. */
const FIRST_MS = 60_000;
/** So that not everybody asks in the same minute. */
const JITTER_MS = 600_000;

/** Never keeps the process alive. */
export function startDailyCheck(updater: Pick<Updater, 'check' | 'applyManifest'>, log: Logger): void {
  const look = async (): Promise<void> => {
    try {
      const { available, version, manifest } = await updater.check();
      if (available) log.info('a newer version is there', { version });
      if (manifest !== null) log.info('took over a newer list of runtimes', await updater.applyManifest());
    } catch (error) {
      log.warn('cannot look for updates', { error: error instanceof Error ? error.message : String(error) });
    }
    plan(DAY_MS);
  };
  const plan = (ms: number): void => void setTimeout(() => void look(), ms + Math.random() * JITTER_MS).unref();
  plan(FIRST_MS);
}
