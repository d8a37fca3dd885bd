/** A switch among the settings of a project. */
export const isOn = (value: string | undefined): boolean => /^(1|on|true|yes)$/i.test(value ?? '');
