/** Deutsch. */
import type { WindowMessages } from './en.ts';

export const windowTexts: WindowMessages = {
  broken: {
    page: 'Auf dieser Seite ist ein Fehler aufgetreten',
    pageHint: 'Der Rest des Fensters funktioniert. Was du gespeichert hast, ist erhalten.',
    dialog: 'In diesem Dialog ist ein Fehler aufgetreten',
    part: 'In diesem Teil der Seite ist ein Fehler aufgetreten',
    action: 'Das ging wegen eines Fehlers im Fenster nicht.',
  },
  discard: {
    question: 'Eingaben verwerfen?',
    keep: 'Weiter bearbeiten',
    yes: 'Verwerfen',
    rules: 'Die Weiterleitungen auf dieser Seite sind nicht gespeichert.',
  },
  fields: {
    port: 'Gib eine ganze Zahl von 1 bis 65535 ein.',
    portOrEmpty: 'Gib eine ganze Zahl von 1 bis 65535 ein, oder lass das Feld leer.',
    fullPath: 'Gib den vollständigen Pfad ein, z. B. /home/du/code/shop.',
    tilde:
      'Kojibox kann nicht wissen, wessen Benutzerordner ~ ist. Gib den vollständigen Pfad ein, z. B. /home/du/code/shop.',
    check: 'Bitte prüfe deine Eingabe',
    invalid: 'Dieser Wert ist nicht gültig.',
  },
  settling: 'Neu gestartet, wird beobachtet',
  upFor: (text) => `läuft seit ${text}`,
  autostart: { label: 'Mit dem Stack starten', hint: 'Aus: Dieses Programm startet nur, wenn du es startest.' },
  undecided: {
    title:
      'Hier wurde nichts gefunden, das ausgeliefert werden kann. Gib einen Startbefehl an oder einen Ordner mit Seiten.',
    folder: 'Ordner zum Ausliefern',
    folderHint: 'Relativ zum Projekt, z. B. dist; ein Punkt für das Projekt selbst.',
    found: (folders) => `Mit Seiten: ${folders}`,
    needed: 'Gib einen Befehl oder einen Ordner an.',
  },
  lacks: {
    text: (parts, needed) =>
      needed ? `Es braucht ${parts}; das ist noch nicht da.` : `Nicht da: ${parts}. Vielleicht läuft es auch ohne.`,
    install: 'Installieren',
    copy: 'Aus dem Beispiel kopieren',
    runs: (commands) => `Läuft in seinem Ordner: ${commands}`,
  },
  savedNotStarted: 'Gespeichert, aber nicht gestartet',
  savedNotApplied: 'Gespeichert, aber noch nicht in Gebrauch',
  keepsRunning: 'Du kannst dieses Fenster schließen: Die Arbeit läuft weiter, und die Seite Aktivität zeigt das Ende.',
  created: (name) => `${name} wurde angelegt.`,
  progress: {
    fetching: (what, done, all, percent) => `${what} wird heruntergeladen: ${done} von ${all} (${percent} %)`,
    working: 'In Arbeit …',
  },
  siteStatus: {
    states: {
      ready: 'Bereit',
      starting: 'Startet',
      stopped: 'Angehalten',
      failed: 'Nicht erreichbar',
      unknown: 'Unbekannt',
    },
    links: {
      daemon: 'Kojibox antwortet nicht',
      project: 'Einstellungen des Projekts',
      certificate: 'Zertifikat',
      edge: 'HTTPS-Server',
      program: 'Programm',
    },
    checked: (ago) => `geprüft ${ago}`,
    seen: (ago) => `zuletzt gesehen ${ago}`,
    stoppedAt: (name) => `${name} ist angehalten`,
    startingAt: (name) => `${name} startet`,
    failedAt: (name) => `${name} ist ausgefallen`,
    silentAt: (name) => `${name} antwortet nicht`,
    cannotOpen: (name, why) => `${name} lässt sich nicht öffnen: ${why}`,
  },
  overall: {
    unknown: 'Zustand unbekannt: Kojibox antwortet nicht',
    stopped: 'Alles ist angehalten',
    starting: (ready, all) => `Startet: ${ready} von ${all} Diensten sind bereit`,
    ready: (count) => (count === 1 ? '1 Dienst ist bereit' : `Alle ${count} Dienste sind bereit`),
    some: (ready, all) => `${ready} von ${all} Diensten sind bereit`,
    failed: (names) => `Ausgefallen: ${names}`,
    pausedSites: (count, why) =>
      count === 1 ? `1 Website ist gestoppt: ${why}` : `${count} Websites sind gestoppt: ${why}`,
    sitesOffline: (count, why) =>
      count === 1 ? `1 Website ist nicht erreichbar: ${why}` : `${count} Websites sind nicht erreichbar: ${why}`,
    and: (text, count) => `${text} und ${count} weitere`,
  },
  failures: {
    title: 'Im Hintergrund gescheitert',
    count: (count) => (count === 1 ? '1 Fehler' : `${count} Fehler`),
    failed: (text) => `Gescheitert: ${text}`,
    details: 'Einzelheiten',
    retry: 'Erneut versuchen',
    dismiss: (name) => `Ausblenden: ${name}`,
    at: (when) => `um ${when}`,
    all: (count) => `Alle ${count} zeigen`,
  },
  lists: {
    search: 'Suchen',
    filterServices: 'Dienste filtern',
    filterProjects: 'Projekte filtern',
    filterDomains: 'Domains filtern',
    filterRuntimes: 'Laufzeiten filtern',
    none: 'Nichts passt dazu.',
    groups: {
      failed: 'Ausgefallen',
      busy: 'Im Start oder Halt',
      own: 'Deine Dienste',
      builtIn: 'Dienste von Kojibox',
    },
    shown: (shown, all) => `${shown} von ${all}`,
  },
  stopEverything: {
    title: 'Alles anhalten?',
    text: (count) =>
      count === 1 ? '1 laufender Dienst wird angehalten.' : `${count} laufende Dienste werden angehalten.`,
  },
};
