/** Thrown for a value that is not allowed, and for what this system does not have. */
export class Declined extends Error {
  readonly status: 'refused' | 'unsupported';
  constructor(status: 'refused' | 'unsupported', message: string) {
    super(message);
    this.status = status;
  }
}
