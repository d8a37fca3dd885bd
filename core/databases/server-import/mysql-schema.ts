/**
 * The schema part of a dump of MySQL or MariaDB, made fit for MariaDB: accounts that are not here are taken out, orders (collations) that it does
 * not know are replaced. Only code is touched: names, strings and comments stay as they are. Data never goes through here.
 */
import { nearestCollation } from '../mysql-collations.ts';

/** Strings, names and plain comments, which stay; `/*!` is code. Then what may be replaced. */
const TOKENS =
  /'(?:[^'\\]|\\[\s\S]|'')*'|"(?:[^"\\]|\\[\s\S]|"")*"|\/\*(?![!M])[\s\S]*?\*\/|(?<=^|\s)-- [^\n]*|DEFINER\s*=\s*`(?:[^`]|``)*`@`(?:[^`]|``)*`|`(?:[^`]|``)*`|\butf8mb4_\w*0900_\w+\b/g;

/** @param isKnown whether the server that reads it knows this collation */
export function fitSchema(sql: string, isKnown: (collation: string) => boolean): string {
  return sql.replaceAll(TOKENS, (token) => {
    if (token.startsWith('DEFINER')) return '';
    if (!token.startsWith('utf8mb4_')) return token;
    return isKnown(token) ? token : (nearestCollation(token) ?? token);
  });
}
