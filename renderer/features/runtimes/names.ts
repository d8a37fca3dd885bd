/** Runtimes as people call them; their ids are what the command line takes. */
const NAMES: Readonly<Record<string, string>> = {
  php: 'PHP',
  node: 'Node',
  postgres: 'PostgreSQL',
  mariadb: 'MariaDB',
  redis: 'Redis',
  adminer: 'Adminer',
  composer: 'Composer',
  'postgres-client': 'PostgreSQL client',
};

export const nameOf = (runtime: string): string => NAMES[runtime] ?? runtime;
/** `PostgreSQL 17` */
export const labelOf = ({ name, series }: { readonly name: string; readonly series: string }): string =>
  `${nameOf(name)} ${series}`;
