/** How long ago, in words. */
import { en } from '../../locales/en.ts';

/** @param nowMs and @param at: wall clock of this machine, which is the daemon's too */
export function ago(at: string, nowMs: number): string {
  const seconds = Math.max(0, Math.round((nowMs - Date.parse(at)) / 1000));
  if (seconds < 2) return en.now;
  if (seconds < 90) return en.secondsAgo(seconds);
  return seconds < 5400 ? en.minutesAgo(Math.round(seconds / 60)) : en.hoursAgo(Math.round(seconds / 3600));
}
