/** Asking before a change that needs administrator rights: says in one sentence each what it will be. */
import type { InputOf } from '../../contract/index.ts';
import { t } from '../locales/index.ts';
import { sentenceText } from '../locales/said.ts';
import { useConfirm } from './confirm.ts';
import { useStack } from './stack.ts';

export function useRights(): {
  /** True when nothing needs more rights, or the person agrees. */
  agree(goal: InputOf<'privileged.plan'>): Promise<boolean>;
} {
  const stack = useStack();
  const confirm = useConfirm();
  return {
    async agree(goal) {
      const plan = await stack.call('privileged.plan', goal);
      if (plan === null) return false;
      // Where no one can be asked for a password, the operation itself says what to run.
      if (plan.sentences.length === 0 || plan.way === null) return true;
      const told = plan.sentences.map(sentenceText).join(' ');
      return confirm.ask(t.rights.title, `${t.rights.lead} ${told}`, t.rights.go);
    },
  };
}
