/** Every native text of the shell (menus, notifications, questions), in the languages of the interface. */

export const LANGUAGES = ['en', 'id', 'de'] as const;
type Language = (typeof LANGUAGES)[number];

const en = {
  overall: {
    offline: 'Kojibox does not answer',
    failed: (count: number): string => (count === 1 ? '1 service failed' : `${count} services failed`),
    busy: 'Working …',
    stopped: 'Nothing runs',
    ready: (running: number, all: number): string => `${running} of ${all} services run`,
  },
  openSite: (name: string): string => `Open ${name}`,
  projects: 'Projects',
  allProjects: (count: number): string => `All ${count} projects …`,
  services: (count: number): string => `All ${count} services`,
  startAll: 'Start all',
  stopAll: 'Stop all',
  start: 'Start',
  stop: 'Stop',
  restart: 'Restart',
  showLog: 'Show log',
  recentErrors: 'Recent errors',
  startDaemon: 'Start Kojibox again',
  openWindow: 'Open Kojibox',
  quit: 'Quit (services go on)',
  quitAndStop: 'Quit and stop all',
  menu: { app: 'Kojibox', file: 'File', edit: 'Edit', view: 'View', window: 'Window', help: 'Help' },
  pages: {
    dashboard: 'Dashboard',
    projects: 'Projects',
    runtimes: 'Runtimes',
    settings: 'Settings …',
    diagnostics: 'Diagnostics',
  },
  failed: (name: string): string => `${name} failed`,
  failedText: 'Click to see its log.',
  ask: {
    title: 'Allow this?',
    message: (summary: string): string => `The Kojibox window wants to do this: ${summary}`,
    destructive: 'This removes or replaces something. Each time is asked.',
    admin: 'If you allow it, the same is not asked again for five minutes.',
    allow: 'Allow',
    refuse: 'Do not allow',
  },
  updateReady: (version: string): string => `Kojibox ${version} is ready`,
  updateReadyText: 'It is used when Kojibox starts next. Services go on meanwhile.',
};
export type Texts = typeof en;

const id: Texts = {
  overall: {
    offline: 'Kojibox tidak menjawab',
    failed: (count) => `${count} layanan gagal`,
    busy: 'Sedang bekerja …',
    stopped: 'Tidak ada yang berjalan',
    ready: (running, all) => `${running} dari ${all} layanan berjalan`,
  },
  openSite: (name) => `Buka ${name}`,
  projects: 'Proyek',
  allProjects: (count) => `Semua ${count} proyek …`,
  services: (count) => `Semua ${count} layanan`,
  startAll: 'Jalankan semua',
  stopAll: 'Hentikan semua',
  start: 'Jalankan',
  stop: 'Hentikan',
  restart: 'Mulai ulang',
  showLog: 'Tampilkan log',
  recentErrors: 'Kesalahan terakhir',
  startDaemon: 'Jalankan Kojibox lagi',
  openWindow: 'Buka Kojibox',
  quit: 'Keluar (layanan tetap berjalan)',
  quitAndStop: 'Keluar dan hentikan semua',
  menu: {
    app: 'Kojibox',
    file: 'Berkas',
    edit: 'Edit',
    view: 'Tampilan',
    window: 'Jendela',
    help: 'Bantuan',
  },
  pages: {
    dashboard: 'Dasbor',
    projects: 'Proyek',
    runtimes: 'Runtime',
    settings: 'Pengaturan …',
    diagnostics: 'Diagnostik',
  },
  failed: (name) => `${name} gagal`,
  failedText: 'Klik untuk melihat lognya.',
  ask: {
    title: 'Izinkan ini?',
    message: (summary) => `Jendela Kojibox ingin melakukan ini: ${summary}`,
    destructive: 'Ini menghapus atau mengganti sesuatu. Selalu ditanyakan.',
    admin: 'Jika diizinkan, hal yang sama tidak ditanyakan lagi selama lima menit.',
    allow: 'Izinkan',
    refuse: 'Jangan izinkan',
  },
  updateReady: (version) => `Kojibox ${version} siap`,
  updateReadyText: 'Dipakai saat Kojibox dimulai lagi. Layanan tetap berjalan.',
};

const de: Texts = {
  overall: {
    offline: 'Kojibox antwortet nicht',
    failed: (count) => (count === 1 ? '1 Dienst ist ausgefallen' : `${count} Dienste sind ausgefallen`),
    busy: 'Arbeitet …',
    stopped: 'Nichts läuft',
    ready: (running, all) => `${running} von ${all} Diensten laufen`,
  },
  openSite: (name) => `${name} öffnen`,
  projects: 'Projekte',
  allProjects: (count) => `Alle ${count} Projekte …`,
  services: (count) => `Alle ${count} Dienste`,
  startAll: 'Alle starten',
  stopAll: 'Alle stoppen',
  start: 'Starten',
  stop: 'Stoppen',
  restart: 'Neu starten',
  showLog: 'Protokoll zeigen',
  recentErrors: 'Letzte Fehler',
  startDaemon: 'Kojibox wieder starten',
  openWindow: 'Kojibox öffnen',
  quit: 'Beenden (Dienste laufen weiter)',
  quitAndStop: 'Beenden und alles stoppen',
  menu: {
    app: 'Kojibox',
    file: 'Datei',
    edit: 'Bearbeiten',
    view: 'Ansicht',
    window: 'Fenster',
    help: 'Hilfe',
  },
  pages: {
    dashboard: 'Übersicht',
    projects: 'Projekte',
    runtimes: 'Laufzeiten',
    settings: 'Einstellungen …',
    diagnostics: 'Diagnose',
  },
  failed: (name) => `${name} ist ausgefallen`,
  failedText: 'Klicken zeigt das Protokoll.',
  ask: {
    title: 'Das erlauben?',
    message: (summary) => `Das Kojibox-Fenster möchte dies tun: ${summary}`,
    destructive: 'Dies entfernt oder ersetzt etwas. Es wird jedes Mal gefragt.',
    admin: 'Wenn du es erlaubst, wird dasselbe fünf Minuten lang nicht erneut gefragt.',
    allow: 'Erlauben',
    refuse: 'Nicht erlauben',
  },
  updateReady: (version) => `Kojibox ${version} ist bereit`,
  updateReadyText: 'Es wird beim nächsten Start verwendet. Die Dienste laufen inzwischen weiter.',
};

const CATALOGUE: Readonly<Record<Language, Texts>> = { en, id, de };

/** @param tag as the settings or the system have it: `de`, `de-AT`, `id_ID`; English for what there is not */
export function textsIn(tag: string | null): Texts {
  const language = tag?.toLowerCase().split(/[-_]/)[0];
  return CATALOGUE[LANGUAGES.find((known) => known === language) ?? 'en'];
}
