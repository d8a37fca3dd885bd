/** Operations of the system's resolver. */
import { KojiboxError } from '../../contract/errors.ts';
import type { Handlers } from '../../contract/index.ts';
import type { Ledger } from '../../core/ledger/ledger.ts';
import type { PrivilegedWork } from '../privileged/privileged-work.ts';
import type { ResolverCheck } from '../resolver/resolver.ts';

export function createResolverHandlers(options: {
  readonly resolver: ResolverCheck;
  readonly privileged: PrivilegedWork;
  readonly ledger: Ledger;
  /** Takes one change back, with more rights where they are needed. */
  undo(id: string): Promise<unknown>;
}): Pick<Handlers, `resolver.${'status' | 'set' | 'clear'}`> {
  const { resolver, privileged, ledger } = options;
  return {
    'resolver.status': async () => resolver.status(),

    'resolver.set': async () => {
      const { mechanism, reason } = await resolver.status();
      if (mechanism === null)
        throw new KojiboxError('RESOLVER_UNSUPPORTED', "cannot have the system's resolver ask Kojibox", {
          detail: reason,
          source: 'domains',
        });
      await privileged.apply({ goal: 'resolver' });
      return resolver.status();
    },

    'resolver.clear': async () => {
      const entries = ledger.list().filter(({ kind, undoneAt }) => kind === 'resolver' && undoneAt === null);
      if (entries.length === 0 && (await resolver.status()).state !== 'off')
        throw new KojiboxError('NOT_FOUND', "cannot take the change of the system's resolver back", {
          detail: 'it was made by another home of Kojibox',
          source: 'domains',
          remedy: 'Run koji domains resolver off with the KOJIBOX_HOME that set it.',
        });
      for (const { id } of entries) await options.undo(id);
      return 'ok';
    },
  };
}
