/** Domains and proxy rules put into effect: checked, stored and served as one step. */
import type { DomainMapping } from '../../contract/domains.ts';
import { KojiboxError } from '../../contract/errors.ts';
import type { ProxyRule } from '../../contract/proxy.ts';
import { sayProblem } from '../../contract/sentences/problems.ts';
import { storeAndApply } from '../config/store-and-apply.ts';
import { assertLocalDomain } from '../domains/local-domain.ts';
import type { Domains } from '../domains/domains.ts';
import type { JsonStore } from '../config/json-store.ts';
import type { Leftovers } from '../projects/leftovers.ts';

export interface NameWork {
  /** Rejects with VALIDATION_FAILED, DOMAIN_TAKEN, NOT_FOUND for a project that is not there; then nothing changed. */
  setDomain(mapping: DomainMapping): Promise<void>;
  /** Rejects with NOT_FOUND. */
  removeDomain(domain: string): Promise<void>;
  /** Replaces all rules. Rejects with VALIDATION_FAILED; then nothing changed. */
  setRules(rules: readonly ProxyRule[]): Promise<void>;
}

export function createNameWork(options: {
  readonly domains: Domains;
  readonly mappings: JsonStore<DomainMapping[]>;
  readonly rules: JsonStore<ProxyRule[]>;
  readonly leftovers: Pick<Leftovers, 'note'>;
  isProject(id: string): boolean;
  applySites(): Promise<void>;
}): NameWork {
  const { domains, mappings, rules, applySites } = options;

  const changeDomains = (change: () => Promise<void>): Promise<void> => {
    const before = mappings.get();
    return storeAndApply({ store: change, apply: applySites, restore: () => mappings.update(() => before) });
  };

  return {
    async setDomain(mapping) {
      const { domain, projectId, targetPort } = mapping;
      assertLocalDomain(domain);
      if (targetPort === 0 && !options.isProject(projectId))
        throw new KojiboxError('NOT_FOUND', sayProblem('cannotUseDomain', { domain }), {
          detail: sayProblem('noProject', { project: projectId }),
          source: 'domains',
          field: 'projectId',
        });
      await changeDomains(() => domains.upsert(mapping));
    },
    removeDomain: (domain) =>
      changeDomains(async () => {
        await domains.remove(domain);
        await options.leftovers.note([{ projectId: null, domain }]);
      }),
    async setRules(wanted) {
      wanted.forEach(({ host }, index) => assertLocalDomain(host, `rules.${index}.host`));
      const before = rules.get();
      await storeAndApply({
        store: () => rules.update(() => [...wanted]),
        apply: applySites,
        restore: () => rules.update(() => before),
      });
    },
  };
}
