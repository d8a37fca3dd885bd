/** What keeps one record of the settings from being applied, and what helps. */
import { sayer } from './sentence.ts';

export const PROBLEMS = {
  cannotServe: 'cannot serve {domain}',
  cannotShare: 'cannot share {project} with the network',
  cannotWriteHosts: 'cannot write the names into {file}',
  cannotUseDomain: 'cannot use the domain {domain}',
  cannotUseSetting: 'cannot use {field} of the project {project}',
  isReserved: 'Kojibox itself uses this name',
  chooseOther: 'Choose another name.',
  folderGone: 'the folder {path} is not there',
  bringFolderBack: 'Put the folder back, or choose another one: koji project set {project} PATH',
  noTarget: 'the proxy has no target yet',
  setTarget: 'Say where requests go: koji project set {project} --overrides TARGET=http://127.0.0.1:3000',
  badTarget: '"{target}" is not the address of a program on this machine',
  targetForm: 'Use a form such as http://127.0.0.1:3000.',
  closedLink: 'links may not lead into "{folder}"',
  linkForm:
    'Give folders that exist, separated by colons. Hidden folders, and what holds the data of Kojibox, stay closed.',
  badName: '"{name}" is not the name of a setting',
  nameForm: 'Use letters, digits and underscores; a digit may not come first.',
  hasNul: 'the value contains a NUL character, which no program can receive',
  unknownVersion: 'this machine can install no {runtime} {version}',
  versionsAre: 'Choose one of these: {versions}.',
  domainTaken: '{owner} has this domain already',
  cannotCreate: 'cannot create the project {name}',
  nameTaken: 'there is a project "{project}" already, at {domain} in {path}',
  otherName: 'Give the new project another name, or change the one that is there: koji project set {project}',
  noProject: 'there is no project {project}',
  addProject: 'Create the project, or remove the domain: koji domains remove {domain}',
  namesElsewhere: 'The .localhost names work without it. To write the file: koji domains apply',
  unexpected: 'the reason is in app/logs/daemon.log: {reason}',
  changeProject: 'Change the setting: koji project set {project}',
  certificateHelp: 'The check of the certificate authority is part of: koji doctor',
} as const;
export const sayProblem = sayer(PROBLEMS);
