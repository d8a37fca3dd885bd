/** Databases of other servers: what becomes of them here, and why not. */
import { sayer } from './sentence.ts';

export const SERVER_IMPORT = {
  // A whole server
  newerPostgres:
    'PostgreSQL {version} is newer than the PostgreSQL {own} here, and data does not go back to an older one. Use a newer one where Kojibox has it (koji runtime list, koji runtime use postgres SERIES), or an older server.',
  noPgDump:
    "No pg_dump for PostgreSQL {version} can be had here: the newest is {newest}, and it refuses servers that are newer. Write the dump with that server's own pg_dump, and import it with: koji db import",
  noServerHere: 'There is no server here that takes them. Choose one with: koji setup',
  notRunning: '{server} does not run. Start it with: koji start {id}',

  // Why a database stays there
  unknownCollation:
    'It uses the collation {collation}, which the MariaDB here does not know. Change it there: alter table … convert to character set utf8mb4',
  unknownEngine:
    'Its tables need the storage engine {engines}, which the MariaDB here does not have. Change it there: alter table … engine=InnoDB',
  expressionIndexes: 'MariaDB has no indexes on expressions: {indexes}. Drop them there, or index a generated column.',
  mayNotConnect: '{user} may not connect to it. Give a user who may: grant connect on database',
  mayNotRead: '{user} may not read {tables}. Log in as its owner or as a superuser.',
  unknownExtension:
    'It uses the extension {extensions}, which the PostgreSQL here does not have or lets only a superuser make.',
  unknownRole: 'Its policies or user mappings name the role {roles}. Create it here first: {command}',
  reservedName: '"{name}" is a name that the server keeps for itself.',
  allNamesTaken: 'The name {name} is taken here, and so is every one with a number from 2 to 99.',
  nameTaken: 'The name {name} is taken here.',

  // What will be different here
  otherCollation: '{collation} becomes {nearest}',
  capitals: 'names of tables are told apart by capitals here, and were not there',
  notInnodb: 'tables that are not InnoDB are only the same in themselves if nothing writes to them during the copy',
  historyStays: 'the history of system-versioned tables stays behind',
  mayNotSee: '{user} may not see {what}: if it has any, they stay behind. Granting {rights} to that user helps',
  triggers: 'triggers',
  events: 'events',
  routines: 'routines',
  otherDefiner: 'what ran as {users} runs here as an account with rights in this database alone',
  eventsWait: 'events ({events}) run once the event scheduler is on, which it is not here',
  newerMariadb:
    'MariaDB {version} is newer than the one here: what only the newer knows makes the import fail, and nothing is left of it then',
  converted: 'its text is converted from {encoding} to UTF8',
  otherOwner: 'what belongs to {owners} belongs here to a role of this database; grants stay behind',
  publicationsStay: 'publications stay behind',
  subscriptionsStay: 'subscriptions stay behind',
  otherOrder: 'new tables have the order of this server, not {collation}',
  leftOut: 'left out, because it concerns the other server: {statements}',
  otherSorting: 'text is sorted by the order of this server, not by {collation}',
  unknownSetting: 'its setting "{setting}" is not known here',
  settingStays: 'its setting "{setting}" stays behind: it could run code here, or with the rights of another',

  // Refusals and failures
  cannotTake: 'cannot take over these databases',
  cannotTakeNow: 'cannot take over these databases now',
  cannotTakeOne: 'cannot take over "{name}"',
  cannotBeTaken: '"{name}" cannot be taken over: {problem}',
  nothingBegun: 'Nothing was begun.',
  leaveItOut: 'Leave it out, or do what the detail says.',
  otherName: 'Give it another name here, or let a number be added.',
  serviceOff: '{id} does not run',
  serviceOffItself: 'it does not run',
  startWith: 'Start it with: koji start {id}',
  chooseWith: 'Choose one with: koji setup',
  noneTakesThem: 'there is no server here that takes them',
  noSuchDatabase: 'there is no database "{name}" on that server',
  itHas: 'It has: {names}',
  none: 'none',
  needsRoom: 'they need about {needed} MB in {folder}, and {free} MB are free',
  underWay: 'another import is under way',
  waitForIt: 'Wait for its end: koji changes',
  takesOthers: '{engine} takes no databases of such a server',
  otherEngine: 'Leave the engine out, or name another.',
  ownServer: "port {port} is Kojibox's own {server}",
  otherPort: 'Give the port of the other server.',
  noWayIn: 'there is no way in',
  giveAddress: 'Give host and port.',
  cannotLogIn: 'cannot log in to {address} as {user}',
  wantsPassword: 'the server wants a password, and none was given',
  cannotOpen: 'cannot open a database of {address}',
  cannotReach: 'cannot reach {server} at {address}',
  cannotReachOwn: 'cannot reach {id}',
  cannotAsk: 'cannot ask {server}',
  readingFailed: 'reading it failed: {output}',
  writingFailed: 'writing it failed: {output}',
  endedEarly: 'it was ended before it was done',
  nothingLeft: 'Nothing of this import is left here, and the other server was only read. {cure}',
  seeServer: 'See whether that server still runs, and whether its user may read everything.',
  changeThere: 'Change on that server what the detail names, or leave this database out.',
  writtenMeanwhile: 'it was written to while it was copied: {tables}',
  stopWriting: 'Stop what writes to it, and take it over again.',
  reportUnwritten: 'Nothing wrote to that server during the copy: please report this.',
  reportSnapshot: 'Please report this: both sides were counted in the same snapshot.',
  differ: 'both sides differ after the copy: {differences}',
  difference: '{what}: {there} there, {here} here',
  andMore: 'and {count} more',
  noSuchImport: 'there is no import "{id}"',
  seeImports: 'See: koji db imports',

  // How it went
  preparing: 'Preparing',
  same: '{tables} tables, {rows} rows: the same on both sides',
  brokenOff: 'An import that was broken off left the database {name}; it was dropped. The other server was only read.',
} as const;
export const sayServerImport = sayer(SERVER_IMPORT);
