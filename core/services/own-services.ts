/** The services that the user defined: checked, stored, and put into effect at once. */
import { ERRORS, KojiboxError } from '../../contract/errors.ts';
import type { OwnService } from '../../contract/own-services.ts';
import type { JsonStore } from '../config/json-store.ts';
import { changeRecords, recordsBy } from '../config/record-change.ts';
import { storeAndApply } from '../config/store-and-apply.ts';
import { probeOf } from '../recipes/own-program.ts';
import { resolveSettings } from '../secrets/references.ts';
import type { Secrets } from '../secrets/secrets.ts';
import { resolveLanes } from './dependency-graph.ts';
import type { Supervisor } from './supervisor.ts';

const OWN = recordsBy(({ id }: OwnService) => id);

export interface OwnServices {
  list(): readonly OwnService[];
  /**
   * A running one is started again when its definition changed, a new one is started when the stack is up.
   * Rejects with VALIDATION_FAILED, NOT_FOUND for a dependency or a secret that is not there, DEPENDENCY_CYCLE, and with the error of a start
   * that failed, with the last lines of the log; then the former definition is back, or none.
   */
  define(definition: OwnService): Promise<void>;
  /** Rejects with NOT_FOUND for what the user did not define, VALIDATION_FAILED while another service needs it. */
  undefine(id: string): Promise<void>;
}

/** What the catalogue advises where its log has the reason. */
const LEADS_TO_ITS_LOG = (['START_FAILED', 'START_TIMEOUT', 'SERVICE_EXITED'] as const).map(
  (code) => ERRORS[code].remedy,
);

/** The service is not there any more when this is read, so that nothing may send the user to its log. */
function notKept(error: unknown, id: string): unknown {
  if (!(error instanceof KojiboxError)) return error;
  if (!LEADS_TO_ITS_LOG.some((remedy) => remedy.replaceAll(/\bID\b/g, id) === error.remedy)) return error;
  return new KojiboxError(error.code, error.message, {
    detail: error.detail,
    source: error.source,
    remedy:
      'The service was not kept. The detail has the last lines of its log: correct what they name, and define it again.',
    cause: error,
  });
}

export function createOwnServices(options: {
  readonly store: JsonStore<OwnService[]>;
  readonly supervisor: Supervisor;
  readonly secrets: Pick<Secrets, 'get'>;
  /** Rejects when the program or its folder is not there. */
  assertRunnable(definition: OwnService): Promise<void>;
  /** Makes the supervisor know what is stored. */
  applyDefinitions(): void;
}): OwnServices {
  const { store, supervisor, secrets } = options;
  const list: OwnServices['list'] = () => store.get();
  const invalid = (id: string, detail: string, remedy?: string): KojiboxError =>
    new KojiboxError('VALIDATION_FAILED', `cannot use the definition of ${id}`, {
      detail,
      source: 'services',
      ...(remedy === undefined ? {} : { remedy }),
    });

  const check = async (definition: OwnService): Promise<void> => {
    const { id, ports } = definition;
    const isOwn = list().some((own) => own.id === id);
    const states = supervisor.states();
    if (!isOwn && states.some((state) => state.id === id))
      throw invalid(id, `there is a service "${id}" already, which Kojibox brings itself`, 'Choose another id.');
    if (new Set(ports.map(({ name }) => name)).size < ports.length)
      throw invalid(id, 'ports: two of them have the same name');
    probeOf(definition, Object.fromEntries(ports.map(({ name, port }) => [name, port])));
    const dependencies = new Map(states.map((state) => [state.id, state.dependsOn]));
    resolveLanes(dependencies.set(id, definition.dependsOn), [id]);
    const user = { kind: 'service', id } as const;
    await resolveSettings(definition.env, secrets, user, 'env');
    await resolveSettings(definition.args, secrets, user, 'args');
    await options.assertRunnable(definition);
  };

  return {
    list,
    async define(definition) {
      const { id } = definition;
      await check(definition);
      const before = list().find((own) => own.id === id);
      if (JSON.stringify(before) === JSON.stringify(definition)) return;
      const stackIsUp = supervisor.states().some((state) => state.desired === 'up');
      const wasUp = before !== undefined && supervisor.state(id).desired === 'up';
      await storeAndApply({
        async store() {
          const change = await changeRecords(store, OWN, (all) => [...all.filter((own) => own.id !== id), definition], [
            id,
          ]);
          return {
            ...change,
            async undo() {
              if (before === undefined) await supervisor.undefine(id);
              await change.undo();
            },
          };
        },
        async apply() {
          options.applyDefinitions();
          if (wasUp) await supervisor.restart(id);
          else if (before === undefined && stackIsUp && list().some((own) => own.id === id))
            await supervisor.start(id).catch((error: unknown) => Promise.reject(notKept(error, id)));
        },
      });
    },
    async undefine(id) {
      if (!list().some((own) => own.id === id))
        throw new KojiboxError('NOT_FOUND', `you defined no service "${id}"`, {
          detail:
            list().length === 0
              ? 'there is none'
              : `there are ${list()
                  .map((own) => own.id)
                  .join(', ')}`,
          source: 'services',
        });
      const user = supervisor.states().find(({ dependsOn }) => dependsOn.includes(id));
      if (user !== undefined)
        throw new KojiboxError('VALIDATION_FAILED', `cannot remove ${id}`, {
          detail: `${user.name} needs it`,
          source: 'services',
          remedy: `Take it out of what ${user.id} depends on, or remove that first.`,
        });
      await storeAndApply({
        store: () => changeRecords(store, OWN, (all) => all.filter((own) => own.id !== id), [id]),
        async apply() {
          if (list().some((own) => own.id === id)) options.applyDefinitions();
          else await supervisor.undefine(id);
        },
      });
    },
  };
}
