/**
 * Goals that need administrator rights, as steps: what is changed, in one sentence, the helper's action, and how to see that it is there.
 * The intent is in the ledger before the helper starts; afterwards the machine is looked at, whatever the helper said.
 */
import { dirname, join } from 'node:path';
import type { PrivilegedGoal } from '../../contract/privileged.ts';
import type { Place, SystemChange } from '../../contract/system-changes.ts';
import { isLocalName } from '../certificates/local-domains.ts';
import { hostsBlock, setHostsBlock } from '../domains/hosts-block.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { System } from '../system/system.ts';
import { LOW_PORT_START, PORT_START_FILE } from './low-ports.ts';
import { authorityFileName, privilegedPlaces } from './places.ts';
import {
  distrustCommand,
  findTrustKind,
  refreshTrustCommand,
  trustCommand,
  trustKindOfFile,
  type FoundTrust,
} from './trust-kinds.ts';
import type { PrivilegedAction } from './request.ts';
import { resolverSteps, resolverTarget } from './resolver-steps.ts';
import type { Sentence } from '../../contract/sentences/sentence.ts';
import { saySystemChange } from '../../contract/sentences/system-changes.ts';

export interface Step {
  readonly entry: Pick<SystemChange, 'kind' | 'target' | 'summary' | 'undoCommand'>;
  /** For the person who is asked for the password. */
  readonly sentence: Sentence;
  readonly action: PrivilegedAction;
  /** A command that does the same. */
  readonly byHand: string;
}

export interface SystemWork {
  /** Only what is not so already, and cannot be done without more rights. */
  steps(goal: Exclude<PrivilegedGoal, 'undo'>): Promise<Step[]>;
  /** How an entry of the ledger is taken back with more rights; null: it needs none, or nothing is left of it. */
  undoStep(change: SystemChange): Promise<Step | null>;
  /** Whether what the entry says is on this machine now. */
  isThere(change: Pick<SystemChange, 'kind' | 'target'>): Promise<boolean>;
  /** Every place to look at when all is over. */
  places(): Promise<Place[]>;
}

export interface SystemWorkOptions {
  readonly system: System;
  readonly homeDigest: string;
  readonly rootCertificate: string;
  readonly ledger: Pick<Ledger, 'list'>;
  /** SHA-256 of the local authority, lower-case hex; null while there is none. */
  fingerprint(): Promise<string | null>;
  /** All names of this home. */
  names(): readonly string[];
  /** Of the edge's name server; null before it has one. */
  nameServerPort(): number | null;
}

/** Where `koji shell-init` may have put a block. */
const RC_FILES = ['.bashrc', '.bash_profile', '.profile', '.zshrc', '.zprofile', '.config/fish/config.fish'];
const MAX_SHOWN = 20;

export function createSystemWork(options: SystemWorkOptions): SystemWork {
  const { system, homeDigest, rootCertificate } = options;
  const { files, host } = system;
  const places = privilegedPlaces(host.os);
  const isSystemHosts = host.hostsFile === places.hosts;

  const names = (): string[] =>
    options.names().filter((name) => isLocalName(name) && name.includes('.') && !name.endsWith('.localhost'));
  const hostsText = async (): Promise<string> => (await files.readText(host.hostsFile)) ?? '';
  const trustHere = async (): Promise<FoundTrust | null> =>
    host.os === 'linux' ? findTrustKind(async (path) => (await files.stat(path)) !== null) : null;

  const hostsSteps = async (wanted: readonly string[]): Promise<Step[]> => {
    const text = await hostsText();
    if (!isSystemHosts || setHostsBlock(text, homeDigest, wanted) === text || (await files.canWrite(host.hostsFile)))
      return [];
    return [
      {
        entry: {
          kind: 'hosts-block',
          target: host.hostsFile,
          summary:
            wanted.length === 1
              ? saySystemChange('oneName', { file: host.hostsFile })
              : saySystemChange('names', { count: wanted.length, file: host.hostsFile }),
          undoCommand: `sudo sed -i '/# BEGIN kojibox ${homeDigest}/,/# END kojibox ${homeDigest}/d' ${host.hostsFile}`,
        },
        sentence:
          wanted.length === 0
            ? saySystemChange('willDropHosts', { file: host.hostsFile })
            : saySystemChange('willPointHere', { names: shortList(wanted), file: host.hostsFile }),
        action: { verb: 'hosts.apply-block', home: homeDigest, names: [...wanted] },
        byHand:
          wanted.length === 0
            ? `sudo sed -i '/# BEGIN kojibox ${homeDigest}/,/# END kojibox ${homeDigest}/d' ${host.hostsFile}`
            : `printf '127.0.0.1 %s\\n' ${wanted.join(' ')} | sudo tee -a ${host.hostsFile}`,
      },
    ];
  };

  const trustSteps = async (): Promise<Step[]> => {
    const fingerprint = await options.fingerprint();
    const kind = await trustHere();
    if (fingerprint === null || kind === null) return [];
    const file = join(kind.folder, authorityFileName(fingerprint));
    const pem = await files.readText(rootCertificate);
    if (pem === null || (await files.stat(file)) !== null || (await files.canWrite(kind.folder))) return [];
    return [
      {
        entry: {
          kind: 'trust-system',
          target: file,
          summary: saySystemChange('trustInSystem'),
          undoCommand: distrustCommand(kind, file),
        },
        sentence: saySystemChange('willTrust', { fingerprint: fingerprint.slice(0, 8), file }),
        action: { verb: 'trust.add', certificate: pem },
        byHand: trustCommand(kind, rootCertificate, file),
      },
    ];
  };

  const portSteps = async (): Promise<Step[]> => {
    if (places.lowPorts === null || host.isRoot) return [];
    const start = Number((await files.readText(PORT_START_FILE)) ?? LOW_PORT_START);
    if (start <= LOW_PORT_START) return [];
    return [
      {
        entry: {
          kind: 'low-ports',
          target: places.lowPorts,
          summary: saySystemChange('lowPorts', { port: LOW_PORT_START }),
          undoCommand: `sudo sh -c 'rm -f ${places.lowPorts} && sysctl net.ipv4.ip_unprivileged_port_start=${start}'`,
        },
        sentence: saySystemChange('willOpenPorts', { port: LOW_PORT_START, file: places.lowPorts }),
        action: { verb: 'ports.allow-low' },
        byHand: `sudo sysctl net.ipv4.ip_unprivileged_port_start=${LOW_PORT_START}`,
      },
    ];
  };

  /** The daemon may do it by itself, so no one has to be asked. */
  const canUndoAlone = async ({ kind, target }: SystemChange): Promise<boolean> => {
    if (kind === 'hosts-block') return target !== places.hosts || files.canWrite(target);
    if (kind === 'trust-system') return trustKindOfFile(target) === undefined || files.canWrite(dirname(target));
    return kind !== 'low-ports' && kind !== 'resolver';
  };

  const isThere: SystemWork['isThere'] = async ({ kind, target }) => {
    if (kind === 'hosts-block') return hostsBlock((await files.readText(target)) ?? '', homeDigest).length > 0;
    return (await files.stat(target)) !== null;
  };

  return {
    isThere,
    steps: (goal) =>
      ({
        hosts: () => hostsSteps(names()),
        trust: trustSteps,
        ports: portSteps,
        resolver: () => resolverSteps(system, options.names(), options.nameServerPort()),
      })[goal](),

    async undoStep(change) {
      const { kind, target, summary, undoCommand } = change;
      if ((await canUndoAlone(change)) || !(await isThere(change))) return null;
      const action = await undoAction(change);
      if (action === null) return null;
      return {
        entry: { kind, target, summary, undoCommand },
        sentence: saySystemChange('willTakeBack', { summary, target }),
        action,
        byHand: undoCommand,
      };
    },

    async places() {
      const found: Place[] = [
        {
          id: 'hosts',
          label: 'hosts file',
          path: host.hostsFile,
          check: { kind: 'without-text', text: `# BEGIN kojibox ${homeDigest}` },
          cure: `sudo sed -i '/# BEGIN kojibox ${homeDigest}/,/# END kojibox ${homeDigest}/d' ${host.hostsFile}`,
        },
      ];
      const isOurs = (path: string): boolean => options.ledger.list().some(({ target }) => target === path);
      const fingerprint = await options.fingerprint();
      const kind = await trustHere();
      if (fingerprint !== null && kind !== null) {
        const path = join(kind.folder, authorityFileName(fingerprint));
        const cure = distrustCommand(kind, path);
        found.push({ id: 'trust-system', label: 'trust store of the system', path, check: { kind: 'absent' }, cure });
      }
      const certificate = fingerprint === null ? null : await files.readText(rootCertificate);
      // The first line of base64 is the same for every authority; a line of the key and the signature is not.
      const line = certificate?.split('\n').at(-4);
      if (kind !== null && line !== undefined && line.length === 64)
        found.push({
          id: 'trust-bundle',
          label: 'authorities of the system',
          path: kind.bundle,
          check: { kind: 'without-text', text: line },
          cure: refreshTrustCommand(kind),
        });
      for (const [id, label, path] of [
        ['low-ports', 'low ports', places.lowPorts],
        ['resolver', 'resolver of the system', resolverTarget(host.os)],
      ] as const)
        // Another home may have it too, and then it stays.
        if (path !== null && (isOurs(path) || (await files.stat(path)) === null))
          found.push({
            id,
            label,
            path,
            check: { kind: 'absent' },
            cure: `sudo rm ${path}, then restart the system`,
          });
      for (const name of RC_FILES) {
        const path = join(host.homeDirectory, name);
        if ((await files.stat(path)) !== null)
          found.push({
            id: `shell-${name}`,
            label: 'start file of a shell',
            path,
            check: { kind: 'without-text', text: `# BEGIN kojibox shell ${homeDigest}` },
            cure: `take the block of Kojibox out of ${path}`,
          });
      }
      for (const database of nssDatabases(options.ledger.list()))
        found.push({
          id: `nss-${found.length}`,
          label: 'trust of Chromium or Firefox',
          path: database,
          check: { kind: 'without-certificate', nickname: `Kojibox local CA ${(fingerprint ?? '').slice(0, 8)}` },
          cure: `certutil -D -d sql:${database} -n "Kojibox local CA ${(fingerprint ?? '').slice(0, 8)}"`,
        });
      return found;
    },
  };

  async function undoAction({ kind }: SystemChange): Promise<PrivilegedAction | null> {
    if (kind === 'hosts-block') return { verb: 'hosts.apply-block', home: homeDigest, names: [] };
    if (kind === 'low-ports') return { verb: 'ports.restrict-low' };
    if (kind === 'resolver') return { verb: 'resolver.clear' };
    const fingerprint = await options.fingerprint();
    return fingerprint === null ? null : { verb: 'trust.remove', fingerprint };
  }
}

/** A dialog has room for some; all of them are in the block. */
const shortList = (names: readonly string[]): string =>
  names.length <= MAX_SHOWN
    ? names.join(', ')
    : `${names.slice(0, MAX_SHOWN).join(', ')} and ${names.length - MAX_SHOWN} more`;

const nssDatabases = (changes: readonly SystemChange[]): string[] => [
  ...new Set(changes.filter(({ kind }) => kind === 'trust-nss').map(({ target }) => target)),
];
