/** Dumps by a pg_dump that is newer than the server which reads them: a setting in their head is not known there. */
import type { ClientCommand, EngineAccess } from './engine.ts';

/** Since 17: https://www.postgresql.org/docs/17/runtime-config-client.html#GUC-TRANSACTION-TIMEOUT */
const KNOWN_SINCE = 17;
/** Rows stay as they are, whatever they look like; elsewhere only the one line goes that pg_dump writes after the other one. */
const WITHOUT_IT = [
  String.raw`/^COPY .* FROM stdin;$/,/^\\\.$/b`,
  '/^SET idle_in_transaction_session_timeout = 0;$/{',
  'n',
  '/^SET transaction_timeout = 0;$/d',
  '}',
];

/** @param reading a program that reads a dump from its standard input */
export function readAsServerKnows({ serverVersion }: EngineAccess, reading: ClientCommand): ClientCommand {
  if (Number.parseInt(serverVersion, 10) >= KNOWN_SINCE) return reading;
  const filter = WITHOUT_IT.map((line) => `-e '${line}'`).join(' ');
  return {
    command: '/bin/sh',
    args: ['-c', `LC_ALL=C sed ${filter} | "$@"`, 'read', reading.command, ...reading.args],
    env: reading.env,
  };
}
