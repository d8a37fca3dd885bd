/** Dumps by a pg_dump that is newer than the server which reads them: a setting in their head is not known there. */

/** Since 17: https://www.postgresql.org/docs/17/runtime-config-client.html#GUC-TRANSACTION-TIMEOUT */
const KNOWN_SINCE = 17;

/** @returns what a line of a dump becomes for a server of this version; null: it stays */
export const asServerKnows = (serverVersion: string, line: string): string | null =>
  line === 'SET transaction_timeout = 0;' && Number.parseInt(serverVersion, 10) < KNOWN_SINCE ? '' : null;
