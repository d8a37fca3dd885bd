/** Puts together what changes this system with more rights. */
import { NAME_SERVER_PORT, NAME_SERVER_PORT_KEY } from '../../core/domains/resolver.ts';
import { EDGE_ID } from '../../core/stack/catalog.ts';
import { createSystemWork, type SystemWork } from '../../core/privileged/system-work.ts';
import type { Kojibox } from '../../core/kojibox-types.ts';
import type { System } from '../../core/system/system.ts';
import { createPrivilegedWork, type PrivilegedWork } from './privileged-work.ts';
import { createPrivileges } from './privileges.ts';

/** @param options.helper path of the helper program */
export function createPrivileged(options: {
  readonly system: System;
  readonly kojibox: Kojibox;
  readonly helper: string;
}): { readonly systemWork: SystemWork; readonly privileged: PrivilegedWork } {
  const { system, kojibox, helper } = options;
  const { certificates, domains, ledger, layout, projects, supervisor } = kojibox;

  const nameServerPort = (): number | null => kojibox.ports.registry().assigned[NAME_SERVER_PORT_KEY] ?? null;
  const systemWork = createSystemWork({
    system,
    homeDigest: kojibox.homeDigest,
    rootCertificate: layout.rootCertificate,
    ledger,
    fingerprint: async () =>
      (await system.files.stat(layout.rootCertificate)) === null ? null : certificates.rootFingerprint(),
    names: () => [...projects.list(), ...domains.list()].map(({ domain }) => domain),
    nameServerPort,
  });
  const privileged = createPrivilegedWork({
    work: systemWork,
    ledger,
    privileges: createPrivileges({ host: system.host, helper }),
    isRoot: system.host.isRoot,
    async prepare(goal) {
      if (goal === 'trust') await certificates.ensureRoot();
      if (goal === 'resolver' && nameServerPort() === null)
        await kojibox.ports.assign(NAME_SERVER_PORT_KEY, NAME_SERVER_PORT);
    },
    async reached(goal) {
      if (goal === 'hosts' || goal === 'resolver') await kojibox.applySites();
      if (goal === 'ports') await useLowPorts();
    },
  });

  /** The edge moves from 8443 to 443; it is away for the moment of a restart. */
  async function useLowPorts(): Promise<void> {
    const runs = supervisor.states().some(({ id, state }) => id === EDGE_ID && state !== 'stopped');
    if (runs) await supervisor.stop(EDGE_ID);
    await kojibox.ports.release('edge.https');
    await kojibox.ports.release('edge.http');
    kojibox.forgetPorts();
    await kojibox.applySites();
    if (runs) await supervisor.start(EDGE_ID);
  }
  return { systemWork, privileged };
}
