/** What the helper does for each verb. Paths are constants of the system, below a root that only tests set to something else than `/`. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readAuthority } from '../../core/privileged/authority.ts';
import { setHostsBlock } from '../../core/domains/hosts-block.ts';
import { LOW_PORT_START, lowPortsFile, PORT_START_FILE, startBefore } from '../../core/privileged/low-ports.ts';
import { privilegedPlaces } from '../../core/privileged/places.ts';
import type { PrivilegedAction, PrivilegedResult } from '../../core/privileged/request.ts';
import { Declined } from './declined.ts';
import { exclusively } from './exclusive.ts';
import type { Machine, Outcome } from './machine.ts';
import { clearResolver, setResolver } from './resolver-tools.ts';
import { createTrustTools } from './trust-tools.ts';
import { readPlainFile, removeFile, replaceFile } from './root-files.ts';

const changed = (message: string): Outcome => ({ status: 'changed', message });
const unchanged = (message: string): Outcome => ({ status: 'unchanged', message });

/** One after the other; one that fails does not keep the others from being done. */
export function runActions(actions: readonly PrivilegedAction[], machine: Machine): PrivilegedResult[] {
  return actions.map((action) => {
    try {
      return { verb: action.verb, ...runAction(action, machine) };
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      return { verb: action.verb, status: error instanceof Declined ? error.status : 'failed', message };
    }
  });
}

function runAction(action: PrivilegedAction, machine: Machine): Outcome {
  const places = privilegedPlaces(machine.system);
  const at = (path: string | null, what: string): string => {
    if (path === null) throw new Declined('unsupported', `this system has no ${what}`);
    return machine.root === '/' ? path : join(machine.root, path);
  };
  switch (action.verb) {
    case 'hosts.apply-block': {
      const file = at(places.hosts, 'hosts file');
      return exclusively(file, () => {
        const text = readPlainFile(file) ?? '';
        const wanted = setHostsBlock(text, action.home, action.names);
        if (wanted === text) return unchanged(`${places.hosts} is as it should be`);
        replaceFile(file, wanted);
        return changed(`${action.names.length} names in ${places.hosts}`);
      });
    }
    case 'trust.add': {
      const authority = readAuthority(action.certificate, machine.now());
      if ('refused' in authority) throw new Declined('refused', `cannot trust this certificate: ${authority.refused}`);
      return createTrustTools(machine).add(authority);
    }
    case 'trust.remove':
      return createTrustTools(machine).remove(action.fingerprint);
    case 'ports.allow-low':
      return allowLowPorts(at(places.lowPorts, 'limit for low ports'), machine);
    case 'ports.restrict-low': {
      const file = at(places.lowPorts, 'limit for low ports');
      const text = readPlainFile(file);
      if (text === null) return unchanged(`${places.lowPorts} is not there`);
      removeFile(file);
      machine.setKernel(PORT_START_FILE, String(startBefore(text)));
      return changed(`ports below ${startBefore(text)} need root again`);
    }
    case 'resolver.set':
      return setResolver(action.suffixes, action.port, at(places.resolver, 'resolver to set'), machine);
    case 'resolver.clear':
      return clearResolver(at(places.resolver, 'resolver to set'), machine);
  }
}

function allowLowPorts(file: string, machine: Machine): Outcome {
  if (readPlainFile(file) !== null && portStart(machine) <= LOW_PORT_START)
    return unchanged(`ports from ${LOW_PORT_START} on are open to everybody already`);
  const before = readPlainFile(file);
  replaceFile(file, lowPortsFile(before === null ? portStart(machine) : startBefore(before)));
  try {
    machine.setKernel(PORT_START_FILE, String(LOW_PORT_START));
  } catch (error) {
    removeFile(file); // Nothing half done: it would come into force at the next start of the system.
    throw error;
  }
  return changed(`ports from ${LOW_PORT_START} on are open to everybody`);
}

const portStart = ({ root }: Machine): number => {
  const text = readKernel(root === '/' ? PORT_START_FILE : join(root, PORT_START_FILE));
  return /^\d+$/.test(text) ? Number(text) : 1024;
};
// Not by its size: files of procfs say that they have none.
const readKernel = (file: string): string => (existsSync(file) ? (readPlainFile(file) ?? '').trim() : '');
