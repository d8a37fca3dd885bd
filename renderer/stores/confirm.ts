/** Asking before something that cannot simply be taken back. One question at a time. */
import { defineStore } from 'pinia';
import { shallowRef } from 'vue';
import { isInShell } from './shell.ts';

export interface Question {
  readonly title: string;
  readonly text: string;
  /** On the button. */
  readonly action: string;
  answer(yes: boolean): void;
}

export const useConfirm = defineStore('confirm', () => {
  const question = shallowRef<Question | null>(null);

  function ask(title: string, text: string, action: string): Promise<boolean> {
    question.value?.answer(false);
    return new Promise((resolve) => {
      question.value = {
        title,
        text,
        action,
        answer(yes) {
          question.value = null;
          resolve(yes);
        },
      };
    });
  }

  /** Before an operation that the contract calls destructive. In the desktop app the shell asks about those itself, natively. */
  const askBeforeRemoval = (title: string, text: string, action: string): Promise<boolean> =>
    isInShell() ? Promise.resolve(true) : ask(title, text, action);
  return { question, ask, askBeforeRemoval };
});
