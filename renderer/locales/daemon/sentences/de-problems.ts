/** Was eine Einstellung unbrauchbar macht, auf Deutsch. */
import type { SentenceTexts } from '../../../../contract/sentences/index.ts';

export const problemsDe: SentenceTexts['problems'] = {
  cannotServe: '{domain} kann nicht ausgeliefert werden',
  cannotShare: '{project} kann nicht im Netz freigegeben werden',
  cannotWriteHosts: 'Die Namen können nicht in {file} geschrieben werden',
  cannotUseDomain: 'Die Domain {domain} kann nicht verwendet werden',
  cannotUseSetting: '{field} des Projekts {project} kann nicht verwendet werden',
  isReserved: 'Kojibox selbst verwendet diesen Namen',
  chooseOther: 'Wähle einen anderen Namen.',
  folderGone: 'der Ordner {path} ist nicht da',
  bringFolderBack: 'Lege den Ordner zurück oder wähle einen anderen: koji project set {project} PATH',
  noTarget: 'der Proxy hat noch kein Ziel',
  setTarget: 'Gib an, wohin Anfragen gehen: koji project set {project} --overrides TARGET=http://127.0.0.1:3000',
  badTarget: '„{target}“ ist keine Adresse eines Programms auf diesem Rechner',
  targetForm: 'Verwende eine Form wie http://127.0.0.1:3000.',
  closedLink: 'Links dürfen nicht nach „{folder}“ führen',
  linkForm:
    'Gib vorhandene Ordner an, getrennt durch Doppelpunkte. Versteckte Ordner und alles, was die Daten von Kojibox enthält, bleiben geschlossen.',
  badName: '„{name}“ ist kein Name einer Einstellung',
  nameForm: 'Verwende Buchstaben, Ziffern und Unterstriche; eine Ziffer darf nicht am Anfang stehen.',
  hasNul: 'der Wert enthält ein NUL-Zeichen, das kein Programm annehmen kann',
  unknownVersion: 'dieser Rechner kann {runtime} {version} nicht installieren',
  versionsAre: 'Wähle eine von diesen: {versions}.',
  domainTaken: '{owner} hat diese Domain schon',
  cannotCreate: 'Das Projekt {name} kann nicht angelegt werden',
  nameTaken: 'es gibt schon ein Projekt „{project}“, unter {domain} in {path}',
  otherName: 'Gib dem neuen Projekt einen anderen Namen oder ändere das vorhandene: koji project set {project}',
  noProject: 'es gibt kein Projekt {project}',
  addProject: 'Lege das Projekt an oder entferne die Domain: koji domains remove {domain}',
  namesElsewhere:
    'Die Namen unter .localhost funktionieren auch ohne sie. So wird die Datei geschrieben: koji domains apply',
  unexpected: 'der Grund steht in app/logs/daemon.log: {reason}',
  changeProject: 'Ändere die Einstellung: koji project set {project}',
  certificateHelp: 'Die Zertifizierungsstelle prüft: koji doctor',
};
