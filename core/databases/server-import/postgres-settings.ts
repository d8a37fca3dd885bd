/** Settings of a database of another server. A superuser makes them here, and they are what that server says: only one plain setting is let through. */

const NAME = String.raw`(?:"(?:[^"]|"")*"|[a-z_][\w$]*)`;
const ITEM = String.raw`(?:"(?:[^"]|"")*"|[\w$.-]+)`;
/** As `quote_literal` writes it; https://www.postgresql.org/docs/current/functions-string.html */
const STRING = String.raw`(?:'(?:[^'\\]|'')*'| ?E'(?:[^'\\]|''|\\\\)*')`;
const PLAIN = new RegExp(String.raw`^set (${NAME}) to (?:${STRING}|${ITEM}(?:, *${ITEM})*)$`);
/** What loads or runs code in each session, or changes whose rights it has. */
const RUNS_CODE = /preload_libraries|library_path|control_path|jit_provider|^(?:role|session_authorization)$|^pl\w+\./i;

/** @param setting as the catalog query writes it: `set NAME to VALUE` */
export function isPlainSetting(setting: string): boolean {
  const name = PLAIN.exec(setting)?.[1];
  return name !== undefined && !RUNS_CODE.test(name.replaceAll('"', ''));
}
