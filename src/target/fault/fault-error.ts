/** A fault that cannot be brought about or mended on this machine. */
export class FaultError extends Error {
  override readonly name = 'FaultError';
  readonly hint: string;

  constructor(problem: string, hint: string) {
    super(problem);
    this.hint = hint;
  }
}
