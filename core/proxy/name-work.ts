/** Domains and proxy rules put into effect: checked, stored and served as one step. */
import type { DomainMapping } from '../../contract/domains.ts';
import { KojiboxError } from '../../contract/errors.ts';
import type { ProxyRule } from '../../contract/proxy.ts';
import { sayProblem } from '../../contract/sentences/problems.ts';
import { changeRecords, recordsBy } from '../config/record-change.ts';
import { storeAndApply } from '../config/store-and-apply.ts';
import { assertLocalDomain } from '../domains/local-domain.ts';
import type { Domains } from '../domains/domains.ts';
import type { JsonStore } from '../config/json-store.ts';
import type { Leftovers } from '../projects/leftovers.ts';

const keyOfRule = ({ host, path }: ProxyRule): string => `${host} ${path}`;
const RULES = recordsBy(keyOfRule);

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
  readonly rules: JsonStore<ProxyRule[]>;
  readonly leftovers: Pick<Leftovers, 'note'>;
  isProject(id: string): boolean;
  applySites(): Promise<void>;
}): NameWork {
  const { domains, rules, applySites } = options;

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
      await storeAndApply({ store: () => domains.upsert(mapping), apply: applySites });
    },
    removeDomain: (domain) =>
      storeAndApply({
        async store() {
          const change = await domains.remove(domain);
          await options.leftovers.note([{ projectId: null, domain }]);
          return change;
        },
        apply: applySites,
      }),
    async setRules(wanted) {
      wanted.forEach(({ host }, index) => assertLocalDomain(host, `rules.${index}.host`));
      await storeAndApply({
        store: () => changeRecords(rules, RULES, () => [...wanted], wanted.map(keyOfRule)),
        apply: applySites,
      });
    },
  };
}
