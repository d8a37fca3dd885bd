/** Local names: which there are, how they resolve, and the hosts file. */
import { KojiboxError } from '../../contract/errors.ts';
import type { DomainMapping, ResolveStep } from '../../contract/domains.ts';
import type { JsonStore } from '../config/json-store.ts';
import { changeRecords, recordsBy, type RecordChange } from '../config/record-change.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { isLocalName } from '../certificates/local-domains.ts';
import { bytesOf, readByteText } from '../system/byte-text.ts';
import type { System } from '../system/system.ts';
import { isSentHere } from './resolver.ts';
import { conflictsInHosts, hostsBlock, setHostsBlock } from './hosts-block.ts';
import { sayName } from '../../contract/sentences/names.ts';
import type { Sentence } from '../../contract/sentences/sentence.ts';
import { saySystemChange } from '../../contract/sentences/system-changes.ts';

const MAPPINGS = recordsBy(({ domain }: DomainMapping) => domain);

export interface Domains {
  list(): DomainMapping[];
  upsert(mapping: DomainMapping): Promise<RecordChange>;
  remove(domain: string): Promise<RecordChange>;
  /** `hello.localhost` for `hello.test`: browsers send every *.localhost name to this machine (RFC 6761 section 6.3). */
  localhostName(domain: string): string;
  /** The ladder for one domain, the step in use marked. */
  steps(domain: string, httpsPort: number): Promise<(ResolveStep & { readonly reason: Sentence })[]>;
  /** The link that works here now. */
  linkFor(domain: string, httpsPort: number): Promise<string>;
  /** Writes the block. Rejects with PERMISSION_DENIED, and then nothing changed. */
  applyHosts(domains: readonly string[]): Promise<void>;
  canWriteHosts(): Promise<boolean>;
  /** Whether the hosts file points all of these here. */
  isApplied(domains: readonly string[]): Promise<boolean>;
  removeHostsBlock(): Promise<void>;
}

export interface DomainsOptions {
  readonly system: System;
  readonly store: JsonStore<DomainMapping[]>;
  readonly homeDigest: string;
  ledger(): Ledger;
  /** Of the edge's name server; null before it has one. */
  nameServerPort(): number | null;
  /** A project that has the domain already. */
  projectWith(domain: string): string | null;
}

/** The write beside the file and the rename fail with these where a write into the file itself may work (rename(2), open(2)). */
const IN_PLACE: ReadonlySet<string> = new Set(['EBUSY', 'EXDEV', 'EACCES', 'EPERM', 'EROFS']);

export function createDomains(options: DomainsOptions): Domains {
  const { system, store, homeDigest } = options;
  const file = system.host.hostsFile;

  const localhostName = (domain: string): string =>
    domain.endsWith('.localhost') ? domain : domain.replace(/\.[^.]+$/, '.localhost');
  const linkTo = (host: string, port: number): string => `https://${host}${port === 443 ? '' : `:${port}`}`;

  const write = async (next: (text: string) => string): Promise<void> => {
    const text = (await readByteText(system.files, file)) ?? '';
    const changed = next(text);
    if (changed === text) return;
    const wanted = bytesOf(changed);
    try {
      const stat = await system.files.stat(file);
      await system.files.writeAtomic(file, wanted, {
        mode: stat?.mode ?? 0o644,
        ...(stat === null || !system.host.isRoot ? {} : { owner: stat }),
      });
    } catch (cause) {
      // The file of a container is a mount of its own and cannot be renamed over (EBUSY); this user may own the file and not its folder (EACCES).
      const code = (cause as { code?: string }).code ?? '';
      if (!IN_PLACE.has(code) || !(await system.files.canWrite(file))) throw permissionDenied(cause);
      await overwrite(wanted, bytesOf(text));
    }
  };

  /** Puts the former text back when the disk takes only a part of the new one. */
  const overwrite = async (wanted: Uint8Array, former: Uint8Array): Promise<void> => {
    try {
      await system.files.overwrite(file, wanted);
    } catch (cause) {
      await system.files.overwrite(file, former).catch(() => undefined); // The first error has the reason.
      throw permissionDenied(cause);
    }
  };

  const permissionDenied = (cause: unknown): KojiboxError =>
    new KojiboxError('PERMISSION_DENIED', 'Insufficient permission to modify hosts file', {
      detail: `User declined permission or requires elevated privileges: ${file} cannot be written (${cause instanceof Error ? cause.message : String(cause)})`,
      source: 'tooling',
      remedy: `Go on with the .localhost name, or run in a terminal: koji domains apply (it asks for your password), or by hand: sudo sh -c 'printf "127.0.0.1 NAME\\n" >> ${file}'`,
      cause,
    });

  return {
    list: () => store.get(),
    localhostName,

    async upsert(mapping) {
      const owner = options.projectWith(mapping.domain);
      if (owner !== null && owner !== mapping.projectId) {
        throw new KojiboxError('DOMAIN_TAKEN', `cannot give ${mapping.domain} to ${mapping.projectId}`, {
          detail: `project ${owner} has it`,
          source: 'domains',
          field: 'domain',
        });
      }
      const change = (all: DomainMapping[]): DomainMapping[] => {
        const other = all.find(({ domain, projectId }) => domain === mapping.domain && projectId !== mapping.projectId);
        if (other !== undefined)
          throw new KojiboxError('DOMAIN_TAKEN', `cannot give ${mapping.domain} to ${mapping.projectId}`, {
            detail: `${other.projectId} has it`,
            source: 'domains',
            field: 'domain',
          });
        const others = all.filter(({ domain }) => domain !== mapping.domain);
        // The project serves its own domain by itself; a second row would say the same.
        return owner === mapping.projectId && mapping.targetPort === 0 ? others : [...others, mapping];
      };
      return changeRecords(store, MAPPINGS, change, [mapping.domain]);
    },

    async remove(domain) {
      if (!store.get().some((mapping) => mapping.domain === domain)) {
        throw new KojiboxError('NOT_FOUND', `there is no domain "${domain}"`, {
          detail: 'domains of projects go with the project',
          source: 'domains',
          field: 'domain',
        });
      }
      return changeRecords(store, MAPPINGS, (all) => all.filter((mapping) => mapping.domain !== domain), [domain]);
    },

    async steps(domain, httpsPort) {
      const text = (await system.files.readText(file)) ?? '';
      const inHosts = hostsBlock(text, homeDigest).includes(domain);
      const [conflict] = conflictsInHosts(text, homeDigest, [domain]);
      const hostsWork = inHosts && conflict === undefined;
      const hostsReason =
        conflict !== undefined
          ? sayName('hostsOverruled', { file, line: conflict })
          : inHosts
            ? sayName('hostsPoints', { file })
            : sayName('hostsLacks', { file });
      const sent = await isSentHere(system, domain, options.nameServerPort());
      return [
        { step: 'hosts-file', works: hostsWork, inUse: hostsWork, reason: hostsReason, url: linkTo(domain, httpsPort) },
        {
          step: 'resolver',
          works: sent && conflict === undefined,
          inUse: !hostsWork && sent && conflict === undefined,
          reason: sayName(sent ? 'resolverAsks' : 'resolverNotTold'),
          url: linkTo(domain, httpsPort),
        },
        {
          step: 'localhost-name',
          works: true,
          inUse: !hostsWork && !(sent && conflict === undefined),
          reason: sayName('localhostName'),
          url: linkTo(localhostName(domain), httpsPort),
        },
        {
          step: 'localhost-port',
          works: true,
          inUse: false,
          reason: sayName('localhostPort'),
          url: linkTo('localhost', httpsPort),
        },
      ];
    },

    async linkFor(domain, httpsPort) {
      // A hosts file that cannot be read is no step of the ladder.
      const steps = await this.steps(domain, httpsPort).catch(() => []);
      return steps.find(({ inUse }) => inUse)?.url ?? linkTo(localhostName(domain), httpsPort);
    },

    async applyHosts(domains) {
      // A name that is not local has another owner: this machine must never be sent to itself for it.
      const wanted = domains.filter((domain) => isLocalName(domain) && !domain.endsWith('.localhost'));
      const text = (await system.files.readText(file)) ?? '';
      if (setHostsBlock(text, homeDigest, wanted) === text) return;
      const change = {
        kind: 'hosts-block' as const,
        target: file,
        summary:
          wanted.length === 1
            ? saySystemChange('oneName', { file: file })
            : saySystemChange('names', { count: wanted.length, file: file }),
        undoCommand: `sudo sed -i '/# BEGIN kojibox ${homeDigest}/,/# END kojibox ${homeDigest}/d' ${file}`,
      };
      await options.ledger().record(change, () => write((current) => setHostsBlock(current, homeDigest, wanted)));
    },

    canWriteHosts: () => system.files.canWrite(file),
    async isApplied(domains) {
      const known = hostsBlock((await system.files.readText(file)) ?? '', homeDigest);
      return domains.filter(isLocalName).every((domain) => domain.endsWith('.localhost') || known.includes(domain));
    },
    removeHostsBlock: () => write((text) => setHostsBlock(text, homeDigest, [])),
  };
}
