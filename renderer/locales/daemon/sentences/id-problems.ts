/** Yang membuat sebuah pengaturan tidak dapat dipakai, dalam bahasa Indonesia. */
import type { SentenceTexts } from '../../../../contract/sentences/index.ts';

export const problemsId: SentenceTexts['problems'] = {
  cannotServe: '{domain} tidak dapat disajikan',
  cannotShare: '{project} tidak dapat dibagikan ke jaringan',
  cannotWriteHosts: 'Nama tidak dapat ditulis ke {file}',
  cannotUseDomain: 'Domain {domain} tidak dapat dipakai',
  cannotUseSetting: '{field} pada proyek {project} tidak dapat dipakai',
  isReserved: 'Kojibox sendiri memakai nama ini',
  chooseOther: 'Pilih nama lain.',
  folderGone: 'folder {path} tidak ada',
  bringFolderBack: 'Kembalikan foldernya atau pilih folder lain: koji project set {project} PATH',
  noTarget: 'proksi belum punya tujuan',
  setTarget:
    'Sebutkan ke mana permintaan diteruskan: koji project set {project} --overrides TARGET=http://127.0.0.1:3000',
  badTarget: '"{target}" bukan alamat program di komputer ini',
  targetForm: 'Pakai bentuk seperti http://127.0.0.1:3000.',
  closedLink: 'tautan tidak boleh mengarah ke "{folder}"',
  linkForm:
    'Isi dengan folder yang ada, dipisahkan titik dua. Folder tersembunyi dan folder yang memuat data Kojibox tetap tertutup.',
  badName: '"{name}" bukan nama pengaturan',
  nameForm: 'Pakai huruf, angka, dan garis bawah; angka tidak boleh di awal.',
  hasNul: 'nilainya berisi karakter NUL yang tidak dapat diterima program mana pun',
  unknownVersion: 'komputer ini tidak dapat memasang {runtime} {version}',
  versionsAre: 'Pilih salah satu: {versions}.',
  domainTaken: '{owner} sudah memakai domain ini',
  cannotCreate: 'Proyek {name} tidak dapat dibuat',
  nameTaken: 'proyek "{project}" sudah ada, di {domain} dalam {path}',
  otherName: 'Beri proyek baru nama lain atau ubah yang sudah ada: koji project set {project}',
  noProject: 'proyek {project} tidak ada',
  addProject: 'Buat proyeknya atau hapus domainnya: koji domains remove {domain}',
  namesElsewhere: 'Nama .localhost tetap berfungsi tanpanya. Untuk menulis berkasnya: koji domains apply',
  unexpected: 'alasannya ada di app/logs/daemon.log: {reason}',
  changeProject: 'Ubah pengaturannya: koji project set {project}',
  certificateHelp: 'Otoritas sertifikat diperiksa dengan: koji doctor',
};
