/** Tells the services of one home from those of another; by its address, which stays when the data is moved. */
export const digestOfHome = (home: string): string => Buffer.from(home).toString('base64url').slice(-16);
