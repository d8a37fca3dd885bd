/** What a task is called, how it ended, and why a service is in its state. */
import { sayer } from './sentence.ts';

export const WORK = {
  // Tasks
  clone: 'Clone',
  files: 'Files',
  site: 'Site',
  choices: 'Choices',
  services: 'Services',
  unusedPrograms: 'Unused programs',
  names: 'Names',
  wildcards: 'Wildcard names',
  trust: 'Trust',
  copy: 'Copy',
  presentState: 'Present state',
  dump: 'Dump',
  finish: 'Finish',
  backup: 'Backup',
  drop: 'Drop',

  plainFolder: 'Plain folder',
  staticSite: 'Static site',

  // Ends
  readyIn: 'ready in {milliseconds} ms',
  versionReadyIn: '{version}, ready in {milliseconds} ms',
  answered: 'answered {status}',
  noProject: 'no project yet',
  siteAnswers: '{url} answers {status}',
  stopped: 'stopped',
  fromPack: 'pack “{name}” of {signer}, {fingerprint}',
  wasThere: 'was there already',
  phpStays: 'PHP stays: {projects} needs it',
  formerState: 'the former state comes back',
  didNotRun: 'it did not run',
  sharesBlocks: 'at once: it shares its blocks with the data',
  givenUp: 'given up',

  // Services
  waitingForPreparation: 'waiting until its preparation has ended',
  preparing: 'preparing',
  waitingFor: 'waiting for {services}',
  aboutToStart: 'about to start',
  firstAnswer: 'waiting for its first answer',
  stoppingToStart: 'stopping, to start again',
  askedToStop: 'asked to stop',
  ending: 'ending its processes',
  restarting: 'restarting in {time} (try {tries} of {most})',
  notEnded: 'a process of it could not be ended',
  gaveUpOnce: 'gave up after 1 restart',
  gaveUp: 'gave up after {count} restarts',
  probesFailed: '{count} probes in a row failed',
  cannotStartEnded: 'cannot start {service}: it ended before it was ready',
  cannotStartInTime: 'cannot start {service}: it was not ready in time',
  cannotKeepEnded: 'cannot keep {service} running: it ended by itself',
  cannotKeepSilent: 'cannot keep {service} running: it does not answer',
  exitCode: 'code {code}',
  exitNotSeen: 'an exit that was not seen',
  endedWith: 'it ended with {how}',
  noAnswerIn: 'it did not answer within {seconds} s',
  lastProbe: '{count} probes in a row failed, the last with: {answer}',
} as const;
export const sayWork = sayer(WORK);
