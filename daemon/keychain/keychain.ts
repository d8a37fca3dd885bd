/** The keychain of this machine through its own short-lived program, in bounded time. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { z } from 'zod';
import { KojiboxError } from '../../contract/errors.ts';
import type { Keychain, KeychainAnswer } from '../../core/secrets/keychain.ts';
import type { HostFacts } from '../../core/system/system.ts';
import { saySecret } from '../../contract/sentences/secrets.ts';

/** For a keychain that no one has to unlock; a cold one of GNOME takes about a second. */
const QUICK_MS = 10_000;
/** For a person who types the password of the keychain. */
const PATIENT_MS = 120_000;

const LABELS = { linux: 'Secret Service', darwin: 'login keychain', windows: 'Credential Manager' } as const;

const ReplySchema = z.discriminatedUnion('state', [
  z.object({ state: z.literal('found'), key: z.base64() }),
  z.object({ state: z.literal('empty') }),
  z.object({ state: z.literal('done') }),
  z.object({ state: z.literal('failed'), reason: z.string() }),
]);
type Reply = z.output<typeof ReplySchema>;

export function createKeychain(options: { readonly host: HostFacts; readonly program: string }): Keychain {
  const { host, program } = options;
  const label = LABELS[host.os];

  const ask = (question: Record<string, string>, timeoutMs: number): Promise<Reply> =>
    new Promise((resolve) => {
      const fail = (reason: string): void => resolve({ state: 'failed', reason });
      const child = spawn(process.execPath, ['--no-warnings', program], {
        stdio: ['pipe', 'pipe', 'ignore'],
        cwd: '/',
        env: { ...host.environment, NODE_OPTIONS: '', ELECTRON_RUN_AS_NODE: '1' },
        timeout: timeoutMs,
        killSignal: 'SIGKILL',
      });
      let output = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
      child.on('error', (error) => fail(error.message));
      child.on('close', (_code, signal) => {
        if (signal !== null) fail(saySecret('tooSlow', { seconds: timeoutMs / 1000 }));
        else {
          try {
            resolve(ReplySchema.parse(JSON.parse(output)));
          } catch {
            fail(saySecret('noAnswer'));
          }
        }
      });
      child.stdin.on('error', () => undefined); // It ended before it read; `close` says more.
      child.stdin.end(JSON.stringify(question));
    });

  const change = async (question: Record<string, string>): Promise<void> => {
    const reply = await ask(question, QUICK_MS);
    if (reply.state === 'failed')
      throw new KojiboxError('SECRETS_LOCKED', `cannot change the ${label}`, {
        detail: reply.reason,
        source: 'secrets',
      });
  };

  return {
    label,

    absence() {
      const { environment } = host;
      if (environment['KOJIBOX_KEYCHAIN'] === 'off') return saySecret('off');
      if (host.os !== 'linux') return null;
      if (host.isRoot) return saySecret('rootHasNone');
      const bus = environment['DBUS_SESSION_BUS_ADDRESS'];
      const socket = `${environment['XDG_RUNTIME_DIR'] ?? `/run/user/${host.serviceUser.uid}`}/bus`;
      return (bus === undefined || bus === '') && !existsSync(socket) ? saySecret('noSession') : null;
    },

    async read(account, patient): Promise<KeychainAnswer> {
      const absence = this.absence();
      if (absence !== null) return { state: 'unavailable', reason: absence };
      const reply = await ask({ ask: 'read', account }, patient ? PATIENT_MS : QUICK_MS);
      if (reply.state === 'found') return { state: 'found', key: Buffer.from(reply.key, 'base64') };
      if (reply.state === 'empty') return { state: 'empty' };
      return { state: 'unavailable', reason: reply.state === 'failed' ? reply.reason : saySecret('noKey') };
    },

    write: (account, key) => change({ ask: 'write', account, key: key.toString('base64') }),
    remove: (account) => change({ ask: 'remove', account }),
  };
}
