/** Names and strings of PostgreSQL in a statement; https://www.postgresql.org/docs/current/sql-syntax-lexical.html */

export const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`;
export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;
