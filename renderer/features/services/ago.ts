/** How long ago, in words. */
import { t } from '../../locales/index.ts';

/** @param nowMs and @param at: wall clock of this machine, which is the daemon's too */
export function ago(at: string, nowMs: number): string {
  const seconds = Math.max(0, Math.round((nowMs - Date.parse(at)) / 1000));
  if (seconds < 2) return t.now;
  if (seconds < 90) return t.secondsAgo(seconds);
  return seconds < 5400 ? t.minutesAgo(Math.round(seconds / 60)) : t.hoursAgo(Math.round(seconds / 3600));
}
