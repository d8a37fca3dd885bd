/** What is said once at the edge of the window: a failure with its cure, or that something was done. Each kind goes away after its own time. */
import { defineStore } from 'pinia';
import { reactive } from 'vue';
import type { KojiboxError } from '../../contract/errors.ts';

export interface Notice {
  readonly id: number;
  readonly error: KojiboxError | null;
  readonly text: string;
  /** Takes back what was done. */
  readonly undo: (() => Promise<unknown>) | null;
}

/** How long each kind stays, in ms. An undo: long enough to read it, see the mistake and reach the button. */
const STAYS_MS = { said: 6000, undo: 15_000, error: 30_000 } as const;
/** More at once would take the place of the page. */
const MOST = 4;

export const useNotices = defineStore('notices', () => {
  const notices = reactive<Notice[]>([]);
  const timers = new Map<number, ReturnType<typeof setTimeout>>();
  let isHeld = false;
  let next = 1;

  const kindOf = ({ error, undo }: Notice): keyof typeof STAYS_MS =>
    error !== null ? 'error' : undo !== null ? 'undo' : 'said';
  const sameAs = (one: Notice, other: Notice): boolean =>
    one.text === other.text &&
    one.undo === other.undo &&
    one.error?.code === other.error?.code &&
    one.error?.message === other.error?.message &&
    one.error?.detail === other.error?.detail;

  function dismiss(id: number): void {
    clearTimeout(timers.get(id));
    timers.delete(id);
    const at = notices.findIndex((notice) => notice.id === id);
    if (at !== -1) notices.splice(at, 1);
  }
  function restart(notice: Notice): void {
    clearTimeout(timers.get(notice.id));
    if (!isHeld)
      timers.set(
        notice.id,
        setTimeout(() => dismiss(notice.id), STAYS_MS[kindOf(notice)]),
      );
  }
  function add(given: Omit<Notice, 'id'>): void {
    const notice = { ...given, id: next++ };
    const known = notices.find((other) => sameAs(other, notice));
    if (known !== undefined) {
      restart(known);
      return;
    }
    notices.push(notice);
    restart(notice);
    // The oldest without a way back goes first.
    while (notices.length > MOST) dismiss((notices.find(({ undo }) => undo === null) ?? notice).id);
  }

  /** True while a person reads: nothing goes away until `false`. */
  function hold(on: boolean): void {
    isHeld = on;
    for (const notice of notices) {
      if (on) clearTimeout(timers.get(notice.id));
      else restart(notice);
    }
  }

  return {
    notices,
    dismiss,
    hold,
    say: (text: string, undo: Notice['undo'] = null): void => add({ error: null, text, undo }),
    complain: (error: KojiboxError): void => add({ error, text: '', undo: null }),
  };
});
