/** Texts of what the window says by itself: errors of its parts, questions before something is lost, states of sites, failures in the background. */
import type { SiteLinkName, SiteState } from '../../../contract/site-status.ts';

export const windowTexts = {
  broken: {
    page: 'This page had an error',
    pageHint: 'The rest of the window works. Nothing that you saved is lost.',
    dialog: 'This dialog had an error',
    part: 'This part of the page had an error',
    action: 'That did not work because of an error in the window.',
  },
  discard: {
    question: 'Discard what you entered?',
    keep: 'Keep editing',
    yes: 'Discard',
    rules: 'The proxy rules on this page are not saved.',
  },
  fields: {
    port: 'Enter a whole number from 1 to 65535.',
    portOrEmpty: 'Enter a whole number from 1 to 65535, or leave it empty.',
    fullPath: 'Enter the full path, e.g. /home/you/code/shop.',
    tilde: 'Kojibox cannot know whose home folder ~ is. Enter the full path, e.g. /home/you/code/shop.',
    check: 'Please check what you entered',
    invalid: 'This value is not valid.',
  },
  settling: 'Restarted, watched for a moment',
  upFor: (text: string): string => `up ${text}`,
  autostart: { label: 'Start with the stack', hint: 'Off: this program starts only when you start it.' },
  undecided: {
    title: 'Nothing was found here that can be served. Give a command that starts it, or a folder with pages.',
    folder: 'Folder to serve',
    folderHint: 'Relative to the project, e.g. dist; a dot for the project itself.',
    found: (folders: string): string => `With pages: ${folders}`,
    needed: 'Give a command or a folder.',
  },
  lacks: {
    text: (parts: string, needed: boolean): string =>
      needed ? `It needs ${parts}, which is not there yet.` : `Not there: ${parts}. It may run without.`,
    install: 'Install',
    copy: 'Copy from the example',
    runs: (commands: string): string => `Runs in its folder: ${commands}`,
  },
  savedNotStarted: 'Saved, but it did not start',
  savedNotApplied: 'Saved, but it is not in use yet',
  keepsRunning: 'You can close this window: the work continues, and Activity shows how it ends.',
  created: (name: string): string => `${name} was created.`,
  progress: {
    fetching: (what: string, done: string, all: string, percent: number): string =>
      `Downloading ${what}: ${done} of ${all} (${percent} %)`,
    working: 'Working …',
  },
  siteStatus: {
    states: {
      ready: 'Ready',
      starting: 'Starting',
      stopped: 'Stopped',
      failed: 'Not served',
      unknown: 'Unknown',
    } satisfies Record<SiteState, string>,
    links: {
      daemon: 'Kojibox does not answer',
      project: 'Settings of the project',
      certificate: 'Certificate',
      edge: 'HTTPS server',
      program: 'Program',
    } satisfies Record<SiteLinkName, string>,
    checked: (ago: string): string => `checked ${ago}`,
    seen: (ago: string): string => `last seen ${ago}`,
    stoppedAt: (name: string): string => `${name} is stopped`,
    startingAt: (name: string): string => `${name} is starting`,
    failedAt: (name: string): string => `${name} has failed`,
    silentAt: (name: string): string => `${name} does not answer`,
    cannotOpen: (name: string, why: string): string => `${name} cannot be opened: ${why}`,
  },
  overall: {
    unknown: 'State unknown: Kojibox does not answer',
    stopped: 'Everything is stopped',
    starting: (ready: number, all: number): string => `Starting: ${ready} of ${all} services are ready`,
    ready: (count: number): string => (count === 1 ? '1 service is ready' : `All ${count} services are ready`),
    some: (ready: number, all: number): string => `${ready} of ${all} services are ready`,
    failed: (names: string): string => `Failed: ${names}`,
    pausedSites: (count: number, why: string): string =>
      count === 1 ? `1 site is stopped: ${why}` : `${count} sites are stopped: ${why}`,
    sitesOffline: (count: number, why: string): string =>
      count === 1 ? `1 site is not served: ${why}` : `${count} sites are not served: ${why}`,
    and: (text: string, count: number): string => `${text} and ${count} more`,
  },
  failures: {
    title: 'Failed in the background',
    count: (count: number): string => (count === 1 ? '1 failure' : `${count} failures`),
    failed: (text: string): string => `${text} failed`,
    details: 'Details',
    retry: 'Try again',
    dismiss: (name: string): string => `Dismiss: ${name}`,
    at: (when: string): string => `at ${when}`,
    all: (count: number): string => `Show all ${count}`,
  },
  lists: {
    search: 'Search',
    filterServices: 'Filter services',
    filterProjects: 'Filter projects',
    filterDomains: 'Filter domains',
    filterRuntimes: 'Filter runtimes',
    none: 'Nothing matches.',
    groups: { failed: 'Failed', busy: 'Starting and stopping', own: 'Your services', builtIn: 'Services of Kojibox' },
    shown: (shown: number, all: number): string => `${shown} of ${all}`,
  },
  stopEverything: {
    title: 'Stop everything?',
    text: (count: number): string =>
      count === 1 ? '1 running service is stopped.' : `${count} running services are stopped.`,
  },
};

export type WindowMessages = typeof windowTexts;
