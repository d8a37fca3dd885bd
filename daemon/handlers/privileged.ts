/** Operations that change this system outside the home: hosts file, trust stores, low ports, and taking all of it back. */
import type { Handlers } from '../../contract/index.ts';
import { KojiboxError } from '../../contract/errors.ts';
import type { Kojibox } from '../../core/kojibox-types.ts';
import type { SystemWork } from '../../core/privileged/system-work.ts';
import type { PrivilegedWork } from '../privileged/privileged-work.ts';
import type { TrustStores } from '../trust/trust-stores.ts';

type Names =
  | `privileged.${'plan' | 'apply' | 'begin' | 'finish'}`
  | `ledger.${'list' | 'undo' | 'places'}`
  | 'domains.applyHosts'
  | `certs.${'trust' | 'untrust' | 'renew' | 'stores'}`;

export function createPrivilegedHandlers(options: {
  readonly kojibox: Kojibox;
  readonly trust: TrustStores;
  readonly privileged: PrivilegedWork;
  readonly systemWork: SystemWork;
}): Pick<Handlers, Names> {
  const { kojibox, trust, privileged } = options;
  const { ledger, domains, projects, certificates } = kojibox;
  const ok = 'ok' as const;

  /** With more rights where they are needed and can be asked for; what cannot be asked for is said by the plain way, in its own words. */
  const elevate = async (goal: Parameters<PrivilegedWork['apply']>[0]): Promise<void> => {
    const { sentences, way } = await privileged.plan(goal);
    if (sentences.length > 0 && way !== null) await privileged.apply(goal);
  };
  const undo = async (id: string | undefined): ReturnType<typeof ledger.undo> => {
    const wasOpen = (id === undefined ? [] : ledger.list()).some(
      (change) => change.id === id && change.undoneAt === null,
    );
    const refused: unknown = await elevate({ goal: 'undo', id }).catch((error: unknown) => error);
    if (refused instanceof Error) {
      // What needs no more rights is taken back all the same.
      if (id === undefined) await ledger.undo().catch(() => undefined);
      throw refused;
    }
    // The helper may have taken it back already.
    return wasOpen && ledger.list().some((change) => change.id === id && change.undoneAt !== null)
      ? ledger.list()
      : ledger.undo(id);
  };

  const trustEverywhere = async (): Promise<void> => {
    await certificates.ensureRoot();
    // The stores that need nobody's leave come even when the person says no to the other.
    const asked = await elevate({ goal: 'trust' }).catch((error: unknown) => error);
    if (asked instanceof KojiboxError && asked.code !== 'PERMISSION_DENIED') {
      await trust.add().catch(() => undefined); // What the person was asked for comes first.
      throw asked;
    }
    await trust.add();
  };
  const untrustEverywhere = async (): Promise<void> => {
    for (const { id, kind, undoneAt } of ledger.list())
      if (undoneAt === null && kind.startsWith('trust-')) await undo(id);
  };

  return {
    'privileged.plan': async (goal) => privileged.plan(goal),
    'privileged.apply': async (goal) => privileged.apply(goal),
    'privileged.begin': async ({ interactive, ...goal }) => privileged.begin(goal, interactive),
    'privileged.finish': async ({ goal, id, also, ids, ...ending }) =>
      privileged.finish({ goal, id, also }, ids, ending),

    'ledger.list': async () => ledger.list(),
    'ledger.undo': async ({ id }) => undo(id),
    'ledger.places': async () => options.systemWork.places(),

    'domains.applyHosts': async () => {
      await elevate({ goal: 'hosts' }).catch((error: unknown) => {
        // Rights that cannot be had are said by the next line, in the given form.
        if (!(error instanceof KojiboxError && error.code === 'PERMISSION_DENIED')) throw error;
      });
      await domains.applyHosts([...projects.list(), ...domains.list()].map(({ domain }) => domain));
      await kojibox.applySites();
      return ok;
    },

    'certs.trust': async () => {
      await trustEverywhere();
      return ok;
    },
    'certs.renew': async () => {
      // The stores name the root that they hold by its fingerprint, so they forget it first.
      await untrustEverywhere();
      await certificates.renewRoot();
      await kojibox.applySites();
      await trustEverywhere().catch((error: unknown) => {
        // The new one is in use. Where it is not trusted yet, the doctor says how.
        if (!(error instanceof KojiboxError && error.code === 'PERMISSION_DENIED')) throw error;
      });
      return ok;
    },
    'certs.untrust': async () => {
      await untrustEverywhere();
      return ok;
    },
    'certs.stores': async () => trust.stores(),
  };
}
