/** Every native text of the shell (menus, notifications, questions), in the languages of the interface. */
import type { ErrorCode } from '../../contract/errors.ts';
import { OPERATIONS_DE, OPERATIONS_ID, type OperationTexts } from './operation-texts.ts';

export const LANGUAGES = ['en', 'id', 'de'] as const;
type Language = (typeof LANGUAGES)[number];

const en = {
  overall: {
    offline: 'Kojibox does not answer',
    failed: (count: number): string => (count === 1 ? '1 service failed' : `${count} services failed`),
    busy: 'Working …',
    stopped: 'Nothing runs',
    ready: (running: number, all: number): string => `${running} of ${all} services run`,
    offlineSites: (count: number): string => (count === 1 ? '1 site is not served' : `${count} sites are not served`),
    pausedSites: (count: number): string => (count === 1 ? '1 site is stopped' : `${count} sites are stopped`),
  },
  openSite: (name: string): string => `Open ${name}`,
  siteStopped: (name: string): string => `${name}: stopped`,
  siteFailed: (name: string): string => `${name}: not served`,
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
  quit: 'Quit (services keep running)',
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
  updateReadyText: 'It is used when Kojibox starts next. Services keep running.',
  /** What is asked about, by operation; what is not here is said in the words of the contract. */
  operations: {} as OperationTexts,
  /** Why a service failed, by code; what is not here is said in the daemon's own words. */
  reasons: {} as Readonly<Partial<Record<ErrorCode, string>>>,
};
export type Texts = typeof en;

const id: Texts = {
  overall: {
    offline: 'Kojibox tidak menjawab',
    failed: (count) => `${count} layanan gagal`,
    busy: 'Sedang bekerja …',
    stopped: 'Tidak ada yang berjalan',
    ready: (running, all) => `${running} dari ${all} layanan berjalan`,
    offlineSites: (count) => `${count} situs tidak dilayani`,
    pausedSites: (count) => `${count} situs dihentikan`,
  },
  siteStopped: (name) => `${name}: dihentikan`,
  siteFailed: (name) => `${name}: tidak dilayani`,
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
  operations: OPERATIONS_ID,
  reasons: {
    START_FAILED: 'Tidak dapat dijalankan.',
    START_TIMEOUT: 'Tidak siap pada waktunya.',
    INIT_FAILED: 'Penyiapan pertama gagal.',
    SERVICE_EXITED: 'Berhenti dengan sendirinya.',
    SERVICE_UNHEALTHY: 'Berjalan, tetapi tidak menjawab.',
    DEPENDENCY_FAILED: 'Layanan yang dibutuhkannya gagal.',
    PORT_CONFLICT: 'Port-nya dipakai program lain.',
    RUNTIME_MISSING: 'Runtime-nya tidak ada.',
    DOWNLOAD_FAILED: 'Runtime-nya tidak dapat diambil.',
    DISK_FULL: 'Disk penuh.',
    SECRETS_LOCKED: 'Keychain terkunci.',
  },
};

const de: Texts = {
  overall: {
    offline: 'Kojibox antwortet nicht',
    failed: (count) => (count === 1 ? '1 Dienst ist ausgefallen' : `${count} Dienste sind ausgefallen`),
    busy: 'Arbeitet …',
    stopped: 'Nichts läuft',
    ready: (running, all) => `${running} von ${all} Diensten laufen`,
    offlineSites: (count) =>
      count === 1 ? '1 Website wird nicht ausgeliefert' : `${count} Websites werden nicht ausgeliefert`,
    pausedSites: (count) => (count === 1 ? '1 Website ist gestoppt' : `${count} Websites sind gestoppt`),
  },
  siteStopped: (name) => `${name}: gestoppt`,
  siteFailed: (name) => `${name}: wird nicht ausgeliefert`,
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
  operations: OPERATIONS_DE,
  reasons: {
    START_FAILED: 'Er ließ sich nicht starten.',
    START_TIMEOUT: 'Er war nicht rechtzeitig bereit.',
    INIT_FAILED: 'Die erste Einrichtung ist gescheitert.',
    SERVICE_EXITED: 'Er hat sich selbst beendet.',
    SERVICE_UNHEALTHY: 'Er läuft, antwortet aber nicht.',
    DEPENDENCY_FAILED: 'Ein Dienst, den er braucht, ist ausgefallen.',
    PORT_CONFLICT: 'Seinen Port hat ein anderes Programm.',
    RUNTIME_MISSING: 'Seine Laufzeit fehlt.',
    DOWNLOAD_FAILED: 'Seine Laufzeit ließ sich nicht laden.',
    DISK_FULL: 'Der Datenträger ist voll.',
    SECRETS_LOCKED: 'Der Schlüsselbund ist gesperrt.',
  },
};

const CATALOGUE: Readonly<Record<Language, Texts>> = { en, id, de };

/** @param tag as the settings or the system have it: `de`, `de-AT`, `id_ID`; English for what there is not */
export function textsIn(tag: string | null): Texts {
  const language = tag?.toLowerCase().split(/[-_]/)[0];
  return CATALOGUE[LANGUAGES.find((known) => known === language) ?? 'en'];
}

/** Why something failed, in a few words. */
export const reasonText = (error: { readonly code: ErrorCode; readonly message: string }, texts: Texts): string =>
  texts.reasons[error.code] ?? error.message;
