/** Texts of imports from other database servers. */
export const serverImport = {
  button: 'Import from another server',
  copyFrom: 'Copy databases …',
  title: 'Import from another server',
  intro:
    'Copies databases of a MySQL, MariaDB or PostgreSQL server that runs already. That server is only read; the password is used once and not kept.',
  kind: 'Server',
  kinds: { postgres: 'PostgreSQL', mysql: 'MySQL or MariaDB' },
  host: 'Host',
  hostHint: 'Empty: this machine. Or the path of its Unix socket.',
  port: 'Port',
  portInvalid: 'A number from 1 to 65535.',
  user: 'User',
  userHint: 'Empty: you, where the server knows you without a password.',
  password: 'Password',
  look: 'Look',
  looking: 'Looking …',
  found: (server: string, count: number): string =>
    `${server} has ${count === 1 ? '1 database' : `${count} databases`}.`,
  none: 'This server has no databases of its own. Nothing has to be copied.',
  taken: 'its name is taken here',
  staysThere: 'stays there',
  select: (name: string): string => `Copy ${name}`,
  newName: (name: string): string => `Name of ${name} here`,
  copy: (count: number): string => (count === 1 ? 'Copy 1 database' : `Copy ${count} databases`),
  copying: 'It is being copied. You can close this; the copy continues.',
  copied: (count: number): string =>
    `${count === 1 ? '1 database is' : `${count} databases are`} here, the same on both sides.`,
  rows: (tables: number, rows: number): string =>
    `${tables === 1 ? '1 table' : `${tables} tables`}, ${rows === 1 ? '1 row' : `${rows} rows`}`,
  again: 'Another server',
  earlier: 'Imported before',
  undoTitle: 'Undo this import?',
  undoText: (names: string): string =>
    `${names}: dropped, with what you changed since. A dump of each is written first.`,
  undone: 'The import was undone; the dumps are in app/backups.',
  /** On the setup's list of what is on this machine. */
  advice: 'Kojibox takes another port beside it; both keep running. Its databases can be copied.',
  offerTitle: 'Databases that run here already',
  offerText: 'They can be copied now, or at any time later on the page Databases.',
  later: 'They can be copied when the setup is done.',
  atPort: (port: number): string => `port ${port}`,
};

/** What each language must have. */
export type ServerImportTexts = typeof serverImport;
