/** The doctor: each check says what it looked at, what it saw, and what to do. */
import { lookup } from 'node:dns/promises';
import { readFileSync } from 'node:fs';
import type { DoctorCheck } from '../../contract/doctor.ts';
import type { Kojibox } from '../../core/kojibox-types.ts';
import type { Layout } from '../../core/layout.ts';
import { SYSTEM_TIME_ZONES, timeZonesOf } from '../../core/runtimes/time-zones.ts';
import { findOpenFolder } from '../../core/services/home-safety.ts';
import type { System } from '../../core/system/system.ts';
import type { ResolverCheck } from '../resolver/resolver.ts';
import type { TrustStores } from '../trust/trust-stores.ts';
import { sayDoctor } from '../../contract/sentences/doctor.ts';
import { about, asIs, listOf, type Sentence } from '../../contract/sentences/sentence.ts';

type Result = Pick<DoctorCheck, 'status'> & {
  readonly evidence: Sentence;
  readonly remedy?: Sentence;
  readonly fix?: DoctorCheck['fix'];
};

interface Check extends Pick<DoctorCheck, 'id' | 'category' | 'description'> {
  run(): Promise<Result>;
}

const NEEDED_BYTES = 1_000_000_000;

export function createDoctor(options: {
  readonly system: System;
  readonly layout: Layout;
  readonly kojibox: Kojibox;
  readonly trust: TrustStores;
  readonly resolver: ResolverCheck;
}): () => Promise<DoctorCheck[]> {
  const { system, layout, kojibox, trust, resolver } = options;
  const { files, host, network } = system;
  const passed = (evidence: Sentence): Result => ({ status: 'passed', evidence });
  const problem = (status: 'warning' | 'failed', evidence: Sentence, remedy: Sentence): Result => ({
    status,
    evidence,
    remedy,
  });

  const checks: readonly Check[] = [
    {
      id: 'zoneinfo',
      category: 'system',
      description: 'Time zone database for PHP',
      run: async () => {
        if ((await files.realPath(SYSTEM_TIME_ZONES)) !== null) return passed(asIs(SYSTEM_TIME_ZONES));
        const installed = kojibox.runtimes.list(new Map()).filter(({ name }) => name === 'php');
        for (const { installed: php } of installed)
          if (php !== null && (await files.stat(timeZonesOf(kojibox.runtimes.treePath(php)))) === null)
            return problem('failed', sayDoctor('missing', { path: SYSTEM_TIME_ZONES }), sayDoctor('ownTimeZones'));
        return passed(sayDoctor('phpTimeZones'));
      },
    },
    {
      id: 'glibc',
      category: 'system',
      description: 'C library new enough for the runtimes',
      run: async () => {
        const version = (process.report.getReport() as { header: { glibcVersionRuntime?: string } }).header
          .glibcVersionRuntime;
        if (version === undefined) return problem('failed', sayDoctor('noGlibc'), sayDoctor('useGlibc'));
        return Number(version.split('.')[1]) >= 31
          ? passed(asIs(`glibc ${version}`))
          : problem('warning', asIs(`glibc ${version}`), sayDoctor('oldGlibc'));
      },
    },
    {
      id: 'manifest',
      category: 'runtimes',
      description: 'Signature of the runtime manifest',
      run: async () =>
        passed(
          sayDoctor('manifestSigned', {
            count: kojibox.runtimes.manifest().services.length,
            signer: kojibox.runtimes.manifest().bundle.signature.split(':')[1] ?? '',
          }),
        ),
    },
    {
      id: 'installed',
      category: 'runtimes',
      description: 'Runtimes that the projects need',
      run: async () => {
        const needed = kojibox.supervisor.states().filter(({ runtime }) => runtime !== null);
        const missing = needed.filter(({ version }) => version === null).map(({ name }) => name);
        return missing.length === 0
          ? passed(asIs(needed.map(({ name, version }) => `${name} ${version ?? ''}`).join(', ')))
          : {
              ...problem(
                'warning',
                sayDoctor('notInstalled', { names: missing.join(', ') }),
                asIs('koji installer start'),
              ),
              fix: { method: 'installer.start', params: {} },
            };
      },
    },
    {
      id: 'space',
      category: 'storage',
      description: 'Free space on the disk',
      run: async () => {
        const free = await files.freeBytes(layout.home);
        const text = sayDoctor('freeSpace', { gigabytes: (free / 1e9).toFixed(1), path: layout.home });
        return free > NEEDED_BYTES ? passed(text) : problem('warning', text, sayDoctor('freeSome'));
      },
    },
    {
      id: 'home',
      category: 'storage',
      description: 'Kojibox home can be written',
      run: async () => {
        const path = layout.home;
        if (!(await files.canWrite(path)))
          return problem('failed', sayDoctor('readOnly', { path }), sayDoctor('otherHome'));
        const folder = await findOpenFolder(system, path);
        return folder === null
          ? passed(asIs(path))
          : problem('warning', sayDoctor('homeOpen', { folder, path }), sayDoctor('moveHome'));
      },
    },
    {
      id: 'sockets',
      category: 'system',
      description: 'Path of the sockets is short enough',
      run: async () =>
        passed(sayDoctor('socketBytes', { folder: kojibox.runFolder, count: Buffer.byteLength(kojibox.runFolder) })),
    },
    {
      id: 'user',
      category: 'system',
      description: 'User who runs the services',
      run: async () => {
        if (!host.isRoot) return passed(sayDoctor('userAlone', { user: host.serviceUser.uid }));
        const paths = (await kojibox.foldersOfRoot()).map(({ path }) => path).join(' ');
        return paths === ''
          ? passed(sayDoctor('userUnderRoot', { user: host.serviceUser.uid, edge: host.edgeUser.uid }))
          : problem('warning', sayDoctor('foldersOfRoot', { paths }), sayDoctor('giveFolders', { paths }));
      },
    },
    {
      id: 'low-ports',
      category: 'network',
      description: 'Ports 80 and 443',
      run: async () => {
        const start = Number(readFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8'));
        if (host.isRoot || start <= 80) {
          const holder = await network.holderOf(443);
          return holder === null || kojibox.httpsPort() === 443
            ? passed(sayDoctor('allowed'))
            : problem(
                'warning',
                sayDoctor('portHeld', { port: 443, holder: holder.description }),
                sayDoctor('endHolder'),
              );
        }
        return {
          ...problem('warning', sayDoctor('portsFrom', { start, port: kojibox.httpsPort() }), sayDoctor('allowPorts')),
          fix: { method: 'privileged.apply', params: { goal: 'ports' } },
        };
      },
    },
    {
      id: 'hosts-file',
      category: 'names',
      description: 'Names like hello.test',
      run: async () =>
        (await kojibox.domains.canWriteHosts())
          ? passed(sayDoctor('mayBeWritten', { file: host.hostsFile }))
          : (await kojibox.domains.isApplied(kojibox.sites().map(({ domain }) => domain)))
            ? passed(sayDoctor('hasNames', { file: host.hostsFile }))
            : {
                ...problem(
                  'warning',
                  sayDoctor('mayNotBeWritten', { file: host.hostsFile }),
                  sayDoctor('applyDomains'),
                ),
                fix: { method: 'domains.applyHosts', params: {} },
              },
    },
    {
      id: 'resolver',
      category: 'names',
      description: "Wildcard names through the system's resolver",
      run: async () => {
        const { state, answers, reason } = await resolver.status();
        if (state === 'off') return { status: 'skipped', evidence: reason };
        if (answers && state === 'on') return passed(reason);
        return {
          ...problem('warning', reason, sayDoctor('setResolver')),
          fix: { method: 'resolver.set', params: {} },
        };
      },
    },
    {
      id: 'localhost-names',
      category: 'names',
      description: 'Names under .localhost resolve for programs',
      run: async () => {
        const address = await lookup('kojibox-doctor.localhost').catch(() => null);
        return address?.address === '127.0.0.1' || address?.address === '::1'
          ? passed(sayDoctor('resolvesTo', { address: address.address }))
          : problem('warning', sayDoctor('browsersOnly'), sayDoctor('myhostname'));
      },
    },
    {
      id: 'authority',
      category: 'certificates',
      description: 'Local certificate authority',
      run: async () => {
        await kojibox.certificates.ensureRoot();
        const fingerprint = (await kojibox.certificates.rootFingerprint()).slice(0, 16);
        const limits = await kojibox.certificates.rootLimits();
        if (limits === 'current') return passed(sayDoctor('authority', { fingerprint }));
        const said = limits === 'former' ? 'formerAuthority' : 'unlimitedAuthority';
        return problem('warning', sayDoctor(said, { fingerprint }), sayDoctor('renewAuthority'));
      },
    },
    {
      id: 'trust',
      category: 'certificates',
      description: 'Programs that trust the local authority',
      run: async () => {
        const missing = (await trust.stores()).filter(({ trusted }) => !trusted);
        return missing.length === 0
          ? passed(sayDoctor('allStores'))
          : {
              ...problem(
                'warning',
                listOf(missing.map(({ label, reason }) => about(label, reason))),
                asIs('koji certs trust hello.test'),
              ),
              fix: { method: 'certs.trust', params: { domain: 'hello.test' } },
            };
      },
    },
    {
      id: 'secrets-key',
      category: 'storage',
      description: 'Key of the stored passwords',
      run: async () => {
        const { place, usable, reason } = await kojibox.secretKey.status();
        const where = { keychain: sayDoctor('inKeychain'), file: sayDoctor('inFile'), none: sayDoctor('nowhere') };
        return usable
          ? passed(about(where[place], asIs(reason)))
          : problem('failed', sayDoctor('outOfReach', { place: where[place], reason }), sayDoctor('unlock'));
      },
    },
    {
      id: 'config',
      category: 'storage',
      description: 'Settings are whole',
      run: async () => {
        const broken = kojibox.notices.filter((notice) => notice.includes('CONFIG_CORRUPT'));
        return broken.length === 0
          ? passed(sayDoctor('settingsWhole'))
          : problem('warning', listOf(broken.map(asIs)), sayDoctor('compare'));
      },
    },
  ];

  return () =>
    Promise.all(
      checks.map(async ({ id, category, description, run }) => {
        const result = await run().catch((error: unknown) =>
          problem('failed', asIs(error instanceof Error ? error.message : String(error)), sayDoctor('seeLog')),
        );
        return {
          id,
          category,
          description,
          status: result.status,
          evidence: result.evidence,
          remedy: result.remedy ?? null,
          fix: result.fix ?? null,
        };
      }),
    );
}
