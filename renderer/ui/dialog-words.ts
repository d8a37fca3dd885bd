/** What every dialog says by itself; the app provides it in the language of the window. */
import { inject, type InjectionKey } from 'vue';

export interface DialogWords {
  /** The content of the dialog failed. */
  readonly broken: string;
  readonly tryAgain: string;
  readonly discardQuestion: string;
  readonly keep: string;
  readonly discard: string;
}

export const DIALOG_WORDS: InjectionKey<DialogWords> = Symbol('words of dialogs');

/** Throws when the app provides none. */
export function useDialogWords(): DialogWords {
  const words = inject(DIALOG_WORDS);
  if (words === undefined) throw new Error('the app provides no words for dialogs');
  return words;
}
