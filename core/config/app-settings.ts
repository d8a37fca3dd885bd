/** The settings of the app, put into effect. */
import type { AppConfig } from '../../contract/config.ts';
import { resolveSettings } from '../secrets/references.ts';
import type { Secrets } from '../secrets/secrets.ts';
import type { JsonStore } from './json-store.ts';
import { changeRecords, recordsOfFields } from './record-change.ts';
import { storeAndApply } from './store-and-apply.ts';

const FIELDS = recordsOfFields<AppConfig>();

/** Changes some settings and keeps the others. Rejects with NOT_FOUND for a secret that is not there; then nothing changed. */
export type SetApp = (change: Partial<AppConfig>) => Promise<void>;

export const createSetApp =
  (store: JsonStore<AppConfig>, secrets: Pick<Secrets, 'get'>, applySites: () => Promise<void>): SetApp =>
  async (change) => {
    // A reference that leads nowhere would stop the environment of every project.
    await resolveSettings(change.overrides ?? {}, secrets, { kind: 'app' }, 'overrides');
    await storeAndApply({
      store: () => changeRecords(store, FIELDS, (current) => ({ ...current, ...change }), Object.keys(change)),
      apply: applySites,
    });
  };
