/** Asking before everything is stopped, wherever that is chosen. */
import { t } from '../locales/index.ts';
import { useConfirm } from './confirm.ts';
import { useStack } from './stack.ts';

export function useStopAll(): { agree(): Promise<boolean> } {
  const stack = useStack();
  const confirm = useConfirm();
  return {
    agree() {
      const count = stack.all.filter(({ state }) => state === 'running' || state === 'starting').length;
      return confirm.ask(t.stopEverything.title, t.stopEverything.text(count), t.stopAll);
    },
  };
}
