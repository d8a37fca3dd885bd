/** Trust stores of this machine: the system's, and NSS (Chromium, Firefox). Each step is recorded, reversible, and printed when it cannot be done. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { TrustStoreStatus } from '../../contract/certificates.ts';
import { KojiboxError } from '../../contract/errors.ts';
import type { Certificates } from '../../core/certificates/certificates.ts';
import type { Layout } from '../../core/layout.ts';
import type { Ledger } from '../../core/ledger/ledger.ts';
import { authorityFileName } from '../../core/privileged/places.ts';
import {
  distrustCommand,
  findTrustKind,
  NIXOS_MARK,
  trustCommand,
  trustKindOfFile,
  type FoundTrust,
  type TrustKind,
} from '../../core/privileged/trust-kinds.ts';
import { installCommand } from '../../core/system/host-packages.ts';
import type { System } from '../../core/system/system.ts';
import { about, listOf, type Sentence } from '../../contract/sentences/sentence.ts';
import { saySystemChange } from '../../contract/sentences/system-changes.ts';
import { sayTrust } from '../../contract/sentences/trust.ts';

/** Where Chromium and the kinds of Firefox keep their databases, below the home folder. */
const NSS_PARENTS = [
  '.mozilla/firefox',
  'snap/firefox/common/.mozilla/firefox',
  '.var/app/org.mozilla.firefox/.mozilla/firefox',
];
const CHROMIUM_DATABASE = '.pki/nssdb';

export interface TrustStores {
  /** Adds the local authority wherever it can be added. Rejects with PERMISSION_DENIED, and the commands, when it could be added nowhere. */
  add(): Promise<void>;
  remove(kind: 'trust-system' | 'trust-nss', target: string): Promise<void>;
  stores(): Promise<SaidStatus[]>;
}

/** As on the wire, in sentences that clients can say in their language. */
type SaidStatus = TrustStoreStatus & { readonly label: Sentence; readonly reason: Sentence };

/** @param output what the program said */
const failed = (
  code: 'CERTIFICATE_FAILED' | 'PERMISSION_DENIED',
  what: Sentence,
  output: string,
  remedy?: Sentence,
): KojiboxError =>
  new KojiboxError(code, what, { detail: output, source: 'certs', ...(remedy === undefined ? {} : { remedy }) });

export function createTrustStores(options: {
  readonly system: System;
  readonly layout: Layout;
  readonly certificates: Certificates;
  readonly ledger: Ledger;
}): TrustStores {
  const { system, layout, certificates, ledger } = options;
  const { processes, files, host } = system;
  const env = {
    PATH: `${host.environment['PATH'] ?? ''}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
    HOME: host.homeDirectory,
    LC_ALL: 'C.UTF-8',
  };

  const fileIn = async ({ folder }: TrustKind): Promise<string> =>
    join(folder, authorityFileName(await certificates.rootFingerprint()));
  const trustHere = (): Promise<FoundTrust | null> => findTrustKind(async (path) => (await files.stat(path)) !== null);
  const nickname = async (): Promise<string> =>
    `Kojibox local CA ${(await certificates.rootFingerprint()).slice(0, 8)}`;

  const run = async (command: string, args: readonly string[]): Promise<{ ok: boolean; output: string }> => {
    try {
      const result = await processes.run(command, args, { env, timeoutMs: 30_000 });
      return { ok: result.exitCode === 0, output: `${result.stdout}${result.stderr}`.trim() };
    } catch (error) {
      return { ok: false, output: error instanceof Error ? error.message : String(error) };
    }
  };

  const databases = (): string[] => {
    const found = NSS_PARENTS.flatMap((parent) => {
      const folder = join(host.homeDirectory, parent);
      return existsSync(folder)
        ? readdirSync(folder)
            .map((name) => join(folder, name))
            .filter((profile) => existsSync(join(profile, 'cert9.db')))
        : [];
    });
    const chromium = join(host.homeDirectory, CHROMIUM_DATABASE);
    return existsSync(join(chromium, 'cert9.db')) ? [chromium, ...found] : found;
  };

  const isInDatabase = async (database: string): Promise<boolean> =>
    (await run('certutil', ['-L', '-d', `sql:${database}`, '-n', await nickname()])).ok;

  const systemStatus = async (kind: FoundTrust | null): Promise<SaidStatus> => {
    const label = sayTrust('systemPrograms');
    if (kind === null) {
      const isNix = (await files.stat(NIXOS_MARK)) !== null;
      const reason = isNix ? sayTrust('nixos', { file: layout.rootCertificate }) : sayTrust('noSystemStore');
      return { store: 'system', label, present: false, trusted: false, command: null, reason };
    }
    const file = await fileIn(kind);
    const trusted = (await files.readText(file)) !== null;
    const command = trusted ? null : trustCommand(kind, layout.rootCertificate, file);
    const reason = trusted ? sayTrust('fileIsThere', { file }) : sayTrust('notAdded');
    return { store: 'system', label, present: true, trusted, command, reason };
  };

  const nssStatus = async (): Promise<SaidStatus> => {
    const tool = (await run('certutil', ['--help'])).output.includes('certutil');
    const all = databases();
    const trusted = all.length > 0 && tool && (await Promise.all(all.map(isInDatabase))).every(Boolean);
    const database = join(host.homeDirectory, CHROMIUM_DATABASE);
    const install = tool ? null : await installCommand(files, 'certutil');
    const add = `mkdir -p ${database} && certutil -A -d sql:${database} -t C,, -n "${await nickname()}" -i ${layout.rootCertificate}`;
    return {
      store: 'nss',
      label: sayTrust('browsers'),
      present: tool,
      trusted,
      command: trusted ? null : tool ? add : install === null ? null : `${install} && ${add}`,
      reason: trusted
        ? all.length === 1
          ? sayTrust('inOneDatabase')
          : sayTrust('inDatabases', { count: all.length })
        : sayTrust(tool ? 'notAdded' : 'noCertutil'),
    };
  };

  const addToSystem = async (store: FoundTrust): Promise<void> => {
    const file = await fileIn(store);
    const change = {
      kind: 'trust-system' as const,
      target: file,
      summary: saySystemChange('trustInSystem'),
      undoCommand: distrustCommand(store, file),
    };
    await ledger.record(change, async () => {
      await files.writeAtomic(file, (await files.readText(layout.rootCertificate)) ?? '', { mode: 0o644 });
      const updated = await run(store.program, store.added);
      if (!updated.ok) throw failed('CERTIFICATE_FAILED', sayTrust('cannotUpdateSystem'), updated.output);
    });
  };

  const addToDatabase = async (database: string): Promise<void> => {
    const name = await nickname();
    const change = {
      kind: 'trust-nss' as const,
      target: database,
      summary: saySystemChange('trustInDatabase', { database }),
      undoCommand: `certutil -D -d sql:${database} -n "${name}"`,
    };
    await ledger.record(change, async () => {
      const added = await run('certutil', [
        '-A',
        '-d',
        `sql:${database}`,
        '-t',
        'C,,',
        '-n',
        name,
        '-i',
        layout.rootCertificate,
      ]);
      if (!added.ok) throw failed('CERTIFICATE_FAILED', sayTrust('cannotAddTo', { database }), added.output);
    });
  };

  return {
    stores: async () => [await systemStatus(await trustHere()), await nssStatus()],

    async add() {
      const store = await trustHere();
      const [inSystem, nss] = [await systemStatus(store), await nssStatus()];
      let done = 0;
      if (inSystem.trusted) done += 1;
      else if (store !== null && (await files.canWrite(store.folder))) {
        await addToSystem(store);
        done += 1;
      }
      if (nss.present) {
        const chromium = join(host.homeDirectory, CHROMIUM_DATABASE);
        if (!existsSync(join(chromium, 'cert9.db'))) {
          await files.makeDirectory(chromium, { mode: 0o700 });
          await run('certutil', ['-N', '-d', `sql:${chromium}`, '--empty-password']);
        }
        for (const database of databases()) {
          if (!(await isInDatabase(database))) await addToDatabase(database);
          done += 1;
        }
      }
      if (done > 0) return;
      const commands = [inSystem.command, nss.command].filter((command) => command !== null);
      const [first, second] = commands;
      throw failed(
        'PERMISSION_DENIED',
        sayTrust('cannotAddAnywhere'),
        listOf([inSystem, nss].map(({ label, reason }) => about(label, reason))),
        first === undefined
          ? sayTrust('inBrowser', { file: layout.rootCertificate })
          : second === undefined
            ? sayTrust('runOne', { command: first })
            : sayTrust('runBoth', { first, second }),
      );
    },

    async remove(kind, target) {
      if (kind === 'trust-system') {
        await files.remove(target);
        const store = trustKindOfFile(target);
        const program = store?.programs.find((path) => existsSync(path));
        if (store === undefined || program === undefined) return;
        const updated = await run(program, store.removed);
        if (!updated.ok) throw failed('PERMISSION_DENIED', sayTrust('cannotUpdateSystem'), updated.output);
      } else if (existsSync(target) && (await isInDatabase(target))) {
        const removed = await run('certutil', ['-D', '-d', `sql:${target}`, '-n', await nickname()]);
        if (!removed.ok)
          throw failed('PERMISSION_DENIED', sayTrust('cannotRemoveFrom', { database: target }), removed.output);
      }
    },
  };
}
