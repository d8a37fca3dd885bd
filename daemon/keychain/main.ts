/**
 * Asks the keychain of the operating system, then ends. A program of its own: the library loads native code that may wait for a person, and
 * a daemon must neither wait with it nor carry its memory. One JSON line in, one JSON line out; the key never stands in an argument.
 */
import { Entry } from '@napi-rs/keyring';
import { z } from 'zod';

const SERVICE = 'kojibox';
const MAX_BYTES = 4096;

const QuestionSchema = z.discriminatedUnion('ask', [
  z.strictObject({ ask: z.literal('read'), account: z.string() }),
  z.strictObject({ ask: z.literal('write'), account: z.string(), key: z.base64() }),
  z.strictObject({ ask: z.literal('remove'), account: z.string() }),
]);

function answer(question: z.output<typeof QuestionSchema>): Record<string, string> {
  // Without the pin the library falls back to the kernel's keyring, which is empty after the next start of the system.
  const entry = new Entry(SERVICE, question.account, { linux: { store: 'secret-service' } });
  switch (question.ask) {
    case 'read': {
      const text = entry.getPassword();
      return text === null ? { state: 'empty' } : { state: 'found', key: text };
    }
    case 'write':
      entry.setPassword(question.key);
      return { state: 'done' };
    case 'remove':
      entry.deletePassword();
      return { state: 'done' };
  }
}

let text = '';
for await (const piece of process.stdin.setEncoding('utf8') as AsyncIterable<string>) {
  text += piece;
  if (text.length > MAX_BYTES) break;
}
let reply: Record<string, string>;
try {
  reply = answer(QuestionSchema.parse(JSON.parse(text)));
} catch (error) {
  reply = { state: 'failed', reason: error instanceof Error ? error.message : String(error) };
}
process.stdout.write(`${JSON.stringify(reply)}\n`, () => process.exit(0));
