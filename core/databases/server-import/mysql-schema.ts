/**
 * The schema part of a dump of MySQL or MariaDB, made fit for MariaDB: accounts that are not here are taken out, orders (collations) that it does
 * not know are replaced. Only code is touched: names, strings and comments stay as they are. Data never goes through here.
 */

/** Strings, names and plain comments, which stay; `/*!` is code. Then what may be replaced. */
const TOKENS =
  /'(?:[^'\\]|\\[\s\S]|'')*'|"(?:[^"\\]|\\[\s\S]|"")*"|\/\*(?![!M])[\s\S]*?\*\/|(?<=^|\s)-- [^\n]*|DEFINER\s*=\s*`(?:[^`]|``)*`@`(?:[^`]|``)*`|`(?:[^`]|``)*`|\butf8mb4_\w*0900_\w+\b/g;

/**
 * MySQL's orders of Unicode 9 by the nearest of MariaDB: Unicode 14, which ignores no trailing spaces either. What is made for one language loses that.
 * https://dev.mysql.com/doc/refman/8.4/en/charset-unicode-sets.html, https://mariadb.com/kb/en/supported-character-sets-and-collations/
 */
export function nearestCollation(name: string): string | null {
  const [, kind] = /^utf8mb4_(?:\w+_)?0900_(ai_ci|as_ci|as_cs|bin)$/.exec(name) ?? [];
  if (kind === undefined) return null;
  return kind === 'bin' ? 'utf8mb4_nopad_bin' : `utf8mb4_uca1400_nopad_${kind}`;
}

/** @param isKnown whether the server that reads it knows this collation */
export function fitSchema(sql: string, isKnown: (collation: string) => boolean): string {
  return sql.replaceAll(TOKENS, (token) => {
    if (token.startsWith('DEFINER')) return '';
    if (!token.startsWith('utf8mb4_')) return token;
    return isKnown(token) ? token : (nearestCollation(token) ?? token);
  });
}
