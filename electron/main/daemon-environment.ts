/** The environment that the daemon gets from the app: what the app was started with, without what is true only while its window is open. */
type Environment = Readonly<Record<string, string | undefined>>;

/** Lists that the start script of an AppImage puts its mounted folder into; see AppRun of electron-builder. */
const LISTS = ['PATH', 'LD_LIBRARY_PATH', 'XDG_DATA_DIRS', 'GSETTINGS_SCHEMA_DIR'];
/** Of that script and of its runtime: about a mount that is gone when the app is closed. */
const OF_MOUNT = ['APPDIR', 'ARGV0', 'OWD'];

/**
 * The folder of an AppImage is mounted below /tmp only while the app runs. Left in PATH or LD_LIBRARY_PATH, anybody on this machine could
 * make a folder of that name afterwards, and the daemon would run what is in it.
 */
export function daemonEnvironment(environment: Environment): Environment {
  const mount = environment['APPDIR'];
  const isInMount = (entry: string): boolean => entry === mount || entry.startsWith(`${mount ?? ''}/`);
  const lists =
    mount === undefined || mount === ''
      ? []
      : LISTS.flatMap((name) => {
          const value = environment[name];
          if (value === undefined) return [];
          // An empty entry would stand for the folder that one happens to be in.
          const kept = value.split(':').filter((entry) => entry !== '' && !isInMount(entry));
          return [[name, kept.length === 0 ? undefined : kept.join(':')] as const];
        });
  return {
    ...environment,
    ...Object.fromEntries(lists),
    ...Object.fromEntries(OF_MOUNT.map((name) => [name, undefined])),
    ELECTRON_RUN_AS_NODE: '1',
  };
}
