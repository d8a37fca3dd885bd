/** Texts of imports from other database servers, in German. */
import type { ServerImportTexts } from './en.ts';

export const serverImport: ServerImportTexts = {
  button: 'Von einem anderen Server importieren',
  copyFrom: 'Datenbanken kopieren …',
  title: 'Von einem anderen Server importieren',
  intro:
    'Kopiert Datenbanken eines laufenden Servers mit MySQL, MariaDB oder PostgreSQL. Er wird nur gelesen; das Passwort wird einmal benutzt und nicht behalten.',
  kind: 'Server',
  kinds: { postgres: 'PostgreSQL', mysql: 'MySQL oder MariaDB' },
  host: 'Rechner',
  hostHint: 'Leer: dieser Rechner. Oder der Pfad seines Unix-Sockets.',
  port: 'Port',
  portInvalid: 'Eine Zahl von 1 bis 65535.',
  user: 'Benutzer',
  userHint: 'Leer: du selbst, wo der Server dich ohne Passwort kennt.',
  password: 'Passwort',
  look: 'Nachsehen',
  looking: 'Wird angesehen …',
  found: (server: string, count: number): string =>
    `${server} hat ${count === 1 ? '1 Datenbank' : `${count} Datenbanken`}.`,
  none: 'Dieser Server hat keine eigenen Datenbanken. Es gibt nichts zu kopieren.',
  taken: 'der Name ist hier vergeben',
  staysThere: 'bleibt dort',
  select: (name: string): string => `${name} kopieren`,
  newName: (name: string): string => `Name von ${name} hier`,
  copy: (count: number): string => (count === 1 ? '1 Datenbank kopieren' : `${count} Datenbanken kopieren`),
  copying: 'Es wird kopiert. Du kannst dies schließen; es geht weiter.',
  copied: (count: number): string =>
    `${count === 1 ? '1 Datenbank ist' : `${count} Datenbanken sind`} da, auf beiden Seiten gleich.`,
  rows: (tables: number, rows: number): string =>
    `${tables === 1 ? '1 Tabelle' : `${tables} Tabellen`}, ${rows === 1 ? '1 Zeile' : `${rows} Zeilen`}`,
  again: 'Ein anderer Server',
  earlier: 'Früher importiert',
  undoTitle: 'Diesen Import zurücknehmen?',
  undoText: (names: string): string =>
    `${names}: wird gelöscht, samt dem, was seitdem geändert wurde. Vorher wird von jeder ein Abzug geschrieben.`,
  undone: 'Der Import wurde zurückgenommen; die Abzüge liegen in app/backups.',
  advice: 'Kojibox nimmt daneben einen anderen Port; beide laufen weiter. Seine Datenbanken lassen sich kopieren.',
  offerTitle: 'Datenbanken, die hier schon laufen',
  offerText: 'Sie lassen sich jetzt kopieren, oder jederzeit später auf der Seite Datenbanken.',
  later: 'Sie lassen sich kopieren, sobald das Einrichten fertig ist.',
  atPort: (port: number): string => `Port ${port}`,
};
