/** The system's own trust store: update-ca-certificates(8) of Debian, security(1) of macOS, certutil of Windows. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { X509Certificate } from 'node:crypto';
import type { Authority } from '../../core/privileged/authority.ts';
import { authorityFileName, privilegedPlaces } from '../../core/privileged/places.ts';
import { Declined } from './declined.ts';
import type { Machine, Outcome } from './machine.ts';
import { readPlainFile, removeFile, replaceFile } from './root-files.ts';

const UPDATE = '/usr/sbin/update-ca-certificates';
const SECURITY = '/usr/bin/security';
const SYSTEM_KEYCHAIN = '/Library/Keychains/System.keychain';
const CERTUTIL = 'C:\\Windows\\System32\\certutil.exe';

interface TrustTools {
  add(authority: Authority): Outcome;
  remove(fingerprint: string): Outcome;
}

export function createTrustTools(machine: Machine, at: (path: string | null, what: string) => string): TrustTools {
  const { system } = machine;
  if (system === 'linux') return debianTools(machine, at);
  // Both programs read a certificate from a file only, so it stands for a moment in a folder that only root may write.
  const folder = system === 'darwin' ? '/var/root' : 'C:\\Windows\\System32\\config\\systemprofile';
  return {
    add(authority) {
      const file = join(folder, authorityFileName(authority.fingerprint));
      replaceFile(file, authority.pem);
      try {
        if (system === 'darwin')
          machine.run(SECURITY, ['add-trusted-cert', '-d', '-r', 'trustRoot', '-k', SYSTEM_KEYCHAIN, file]);
        else machine.run(CERTUTIL, ['-addstore', '-f', 'Root', file]);
      } finally {
        removeFile(file);
      }
      return { status: 'changed', message: 'the local authority is in the trust store of the system' };
    },
    remove(fingerprint) {
      if (system === 'darwin') machine.run(SECURITY, ['delete-certificate', '-Z', fingerprint, '-t', SYSTEM_KEYCHAIN]);
      else machine.run(CERTUTIL, ['-delstore', 'Root', fingerprint]);
      return { status: 'changed', message: 'the local authority is out of the trust store of the system' };
    },
  };
}

function debianTools(machine: Machine, at: (path: string | null, what: string) => string): TrustTools {
  const folder = at(privilegedPlaces('linux').authorities, 'trust store that is known here');
  const update = (...args: string[]): void => machine.run(UPDATE, args);
  if (!existsSync(machine.root === '/' ? UPDATE : join(machine.root, UPDATE)))
    throw new Declined('unsupported', 'this system has no ca-certificates package');
  return {
    add({ pem, fingerprint }) {
      const file = join(folder, authorityFileName(fingerprint));
      if (readPlainFile(file) === pem) return { status: 'unchanged', message: `${file} is there` };
      replaceFile(file, pem);
      try {
        update();
      } catch (error) {
        removeFile(file); // Nothing half done.
        throw error;
      }
      return { status: 'changed', message: file };
    },
    remove(fingerprint) {
      const file = join(folder, authorityFileName(fingerprint));
      const text = readPlainFile(file);
      if (text === null) return { status: 'unchanged', message: 'it was not there' };
      if (fingerprintOf(text) !== fingerprint) throw new Declined('refused', `${file} holds another certificate`);
      removeFile(file);
      update('--fresh');
      return { status: 'changed', message: `${file} is gone` };
    },
  };
}

function fingerprintOf(text: string): string | null {
  try {
    return new X509Certificate(text).fingerprint256.replaceAll(':', '').toLowerCase();
  } catch {
    return null; // Damaged: not known as ours.
  }
}
