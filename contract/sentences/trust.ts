/** Trust stores and certificates: where the local authority is, and why it is not. */
import { sayer } from './sentence.ts';

export const TRUST = {
  systemPrograms: 'curl, PHP, Git and most programs',
  browsers: 'Chromium and Firefox',
  fileIsThere: '{file} is there',
  notAdded: 'the local authority was not added yet',
  noSystemStore: 'the trust store of this system is not known here, so that only browsers can be told',
  nixos:
    'NixOS makes its trust store from the configuration: add security.pki.certificateFiles = [ "{file}" ]; and run nixos-rebuild switch',
  inOneDatabase: 'in 1 database',
  inDatabases: 'in {count} databases',
  noCertutil: 'certutil is not installed',
  cannotUpdateSystem: 'cannot update the trust store of the system',
  cannotAddTo: 'cannot add the local authority to {database}',
  cannotAddAnywhere: 'cannot add the local authority to any trust store',
  cannotRemoveFrom: 'cannot take the local authority out of {database}',
  inBrowser: 'Import {file} in the settings of your browser, under authorities.',
  runOne: 'Run: {command}',
  runBoth: 'Run: {first}  and: {second}',
  cannotMake: 'cannot make a certificate for {domain}',
  notLocal: '{domain} is not under {local}, and the local authority is made so that it cannot vouch for other names',
  chooseLocal: 'Choose a name that ends in .test or .localhost.',
} as const;
export const sayTrust = sayer(TRUST);
