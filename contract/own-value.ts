/**
 * Looks up a name that comes from outside. A plain object inherits `constructor`, `toString` and others, so `record[name]` would give a
 * function for them.
 *
 * @returns undefined when the record has no such entry of its own
 */
export const ownValue = <T>(record: Readonly<Record<PropertyKey, T>>, name: PropertyKey): T | undefined =>
  Object.hasOwn(record, name) ? record[name] : undefined;
