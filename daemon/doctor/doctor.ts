/** The doctor: each check says what it looked at, what it saw, and what to do. */
import { lookup } from 'node:dns/promises';
import { readFileSync } from 'node:fs';
import type { DoctorCheck } from '../../contract/doctor.ts';
import { ERRORS } from '../../contract/errors.ts';
import type { Kojibox } from '../../core/kojibox-types.ts';
import type { Layout } from '../../core/layout.ts';
import type { System } from '../../core/system/system.ts';
import type { ResolverCheck } from '../resolver/resolver.ts';
import type { TrustStores } from '../trust/trust-stores.ts';

type Result = Pick<DoctorCheck, 'status' | 'evidence'> & {
  readonly remedy?: string;
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
  const passed = (evidence: string): Result => ({ status: 'passed', evidence });
  const problem = (status: 'warning' | 'failed', evidence: string, remedy: string): Result => ({
    status,
    evidence,
    remedy,
  });

  const checks: readonly Check[] = [
    {
      id: 'zoneinfo',
      category: 'system',
      description: 'Time zone database for PHP',
      run: async () =>
        (await files.realPath('/usr/share/zoneinfo/UTC')) === null
          ? problem('failed', '/usr/share/zoneinfo/UTC is missing', 'apt install tzdata')
          : passed('/usr/share/zoneinfo'),
    },
    {
      id: 'glibc',
      category: 'system',
      description: 'C library new enough for the runtimes',
      run: async () => {
        const version = (process.report.getReport() as { header: { glibcVersionRuntime?: string } }).header
          .glibcVersionRuntime;
        if (version === undefined)
          return problem('failed', 'this system has no glibc (musl?)', 'Use a Debian, Ubuntu or Fedora based system.');
        return Number(version.split('.')[1]) >= 31
          ? passed(`glibc ${version}`)
          : problem('warning', `glibc ${version}`, 'Runtimes of newer releases bring their own; others may not start.');
      },
    },
    {
      id: 'apt',
      category: 'runtimes',
      description: 'Tools that fetch PHP, MariaDB and Redis',
      run: async () =>
        (await files.stat('/usr/bin/apt-get')) !== null && (await files.stat('/usr/bin/dpkg-deb')) !== null
          ? passed('apt-get and dpkg-deb are there')
          : problem('failed', 'apt-get or dpkg-deb is missing', 'These runtimes need Debian or a relative of it.'),
    },
    {
      id: 'manifest',
      category: 'runtimes',
      description: 'Signature of the runtime manifest',
      run: async () =>
        passed(
          `${kojibox.runtimes.manifest().services.length} entries, signed by ${kojibox.runtimes.manifest().bundle.signature.split(':')[1] ?? ''}`,
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
          ? passed(needed.map(({ name, version }) => `${name} ${version ?? ''}`).join(', '))
          : {
              ...problem('warning', `not installed yet: ${missing.join(', ')}`, 'koji installer start'),
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
        const text = `${(free / 1e9).toFixed(1)} GB free at ${layout.home}`;
        return free > NEEDED_BYTES
          ? passed(text)
          : problem('warning', text, 'A whole stack needs about 1 GB; free some space.');
      },
    },
    {
      id: 'home',
      category: 'storage',
      description: 'Kojibox home can be written',
      run: async () =>
        (await files.canWrite(layout.home))
          ? passed(layout.home)
          : problem('failed', `${layout.home} is read-only`, 'Set KOJIBOX_HOME to a folder of your own.'),
    },
    {
      id: 'sockets',
      category: 'system',
      description: 'Path of the sockets is short enough',
      run: async () =>
        passed(`${kojibox.runFolder} has ${Buffer.byteLength(kojibox.runFolder)} bytes, sockets may have 107`),
    },
    {
      id: 'user',
      category: 'system',
      description: 'User who runs the services',
      run: async () =>
        host.isRoot
          ? passed(`the daemon is root, so databases, PHP and the edge run as user ${host.serviceUser.uid}`)
          : passed(`user ${host.serviceUser.uid}, no root anywhere`),
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
            ? passed('allowed')
            : problem(
                'warning',
                `port 443 is held by ${holder.description}`,
                'Links carry a port number; end that program to get rid of it.',
              );
        }
        return {
          ...problem(
            'warning',
            `this user may bind ports from ${start} on, so links carry :${kojibox.httpsPort()}`,
            'koji privileged ports (asks for your password; every user of this machine may then use these ports)',
          ),
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
          ? passed(`${host.hostsFile} can be written`)
          : (await kojibox.domains.isApplied(kojibox.sites().map(({ domain }) => domain)))
            ? passed(`${host.hostsFile} has every name`)
            : {
                ...problem(
                  'warning',
                  `${host.hostsFile} may not be written, so sites are at *.localhost`,
                  'koji domains apply (asks for your password)',
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
          ...problem('warning', reason, 'koji domains resolver on (asks for your password), or koji up'),
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
          ? passed(`to ${address.address}`)
          : problem(
              'warning',
              'browsers resolve them, other programs do not',
              'apt install libnss-myhostname, or use the hosts file.',
            );
      },
    },
    {
      id: 'authority',
      category: 'certificates',
      description: 'Local certificate authority',
      run: async () => {
        await kojibox.certificates.ensureRoot();
        return passed(
          `SHA-256 ${(await kojibox.certificates.rootFingerprint()).slice(0, 16)}…, limited to local names`,
        );
      },
    },
    {
      id: 'trust',
      category: 'certificates',
      description: 'Programs that trust the local authority',
      run: async () => {
        const missing = (await trust.stores()).filter(({ trusted }) => !trusted);
        return missing.length === 0
          ? passed('all stores')
          : {
              ...problem(
                'warning',
                missing.map(({ label, reason }) => `${label}: ${reason}`).join('; '),
                'koji certs trust hello.test',
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
        const where = { keychain: 'in the keychain', file: 'in a file that only this user may read', none: 'none yet' };
        return usable
          ? passed(`${where[place]}: ${reason}`)
          : problem('failed', `${where[place]}, but out of reach: ${reason}`, ERRORS.SECRETS_LOCKED.remedy);
      },
    },
    {
      id: 'config',
      category: 'storage',
      description: 'Settings are whole',
      run: async () => {
        const broken = kojibox.notices.filter((notice) => notice.includes('CONFIG_CORRUPT'));
        return broken.length === 0
          ? passed('every file was readable')
          : problem('warning', broken.join('; '), 'Compare the file that was set aside with the restored one.');
      },
    },
  ];

  return () =>
    Promise.all(
      checks.map(async ({ id, category, description, run }) => {
        const result = await run().catch((error: unknown) =>
          problem('failed', error instanceof Error ? error.message : String(error), 'See app/logs/daemon.log.'),
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
