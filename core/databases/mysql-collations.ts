/** Collations of MySQL by those of MariaDB. Pure. */

/**
 * MySQL's orders of Unicode 9 by the nearest of MariaDB: Unicode 14, which ignores no trailing spaces either. What is made for one language loses that.
 * https://dev.mysql.com/doc/refman/8.4/en/charset-unicode-sets.html, https://mariadb.com/kb/en/supported-character-sets-and-collations/
 */
export function nearestCollation(name: string): string | null {
  const [, kind] = /^utf8mb4_(?:\w+_)?0900_(ai_ci|as_ci|as_cs|bin)$/.exec(name) ?? [];
  if (kind === undefined) return null;
  return kind === 'bin' ? 'utf8mb4_nopad_bin' : `utf8mb4_uca1400_nopad_${kind}`;
}
