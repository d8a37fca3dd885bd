/** The system's own trust store: a folder and a program on Linux (trust-kinds.ts), security(1) of macOS, certutil of Windows. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { X509Certificate } from 'node:crypto';
import type { Authority } from '../../core/privileged/authority.ts';
import { authorityFileName } from '../../core/privileged/places.ts';
import { trustKindOf } from '../../core/privileged/trust-kinds.ts';
import { Declined } from './declined.ts';
import type { Machine, Outcome } from './machine.ts';
import { readPlainFile, removeFile, replaceFile } from './root-files.ts';

const SECURITY = '/usr/bin/security';
const SYSTEM_KEYCHAIN = '/Library/Keychains/System.keychain';
const CERTUTIL = 'C:\\Windows\\System32\\certutil.exe';

interface TrustTools {
  add(authority: Authority): Outcome;
  remove(fingerprint: string): Outcome;
}

export function createTrustTools(machine: Machine): TrustTools {
  const { system } = machine;
  if (system === 'linux') return linuxTools(machine);
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

function linuxTools(machine: Machine): TrustTools {
  const at = (path: string): string => (machine.root === '/' ? path : join(machine.root, path));
  const kind = trustKindOf((path) => existsSync(at(path)));
  if (kind === null) throw new Declined('unsupported', 'this system has no trust store that is known here');
  const folder = at(kind.folder);
  return {
    add({ pem, fingerprint }) {
      const file = join(folder, authorityFileName(fingerprint));
      if (readPlainFile(file) === pem) return { status: 'unchanged', message: `${file} is there` };
      replaceFile(file, pem);
      try {
        machine.run(kind.program, kind.added);
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
      machine.run(kind.program, kind.removed);
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
