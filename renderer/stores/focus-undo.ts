/** After something was removed, its row and the focus in it are gone: the keyboard continues at the way back. */
import { nextTick } from 'vue';

/** The newest Undo; where there is none, the heading of the page. */
export async function focusUndo(): Promise<void> {
  await nextTick();
  const undo = [...document.querySelectorAll<HTMLElement>('[data-undo]')].at(-1);
  (undo ?? document.querySelector<HTMLElement>('main h1'))?.focus();
}
