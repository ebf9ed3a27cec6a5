/** A run that could not give a result: something it needs is not there. */
export class RunError extends Error {
  override readonly name: string = 'RunError';
  /** What the user can do about it. */
  readonly hint: string;

  constructor(problem: string, hint: string, options?: ErrorOptions) {
    super(problem, options);
    this.hint = hint;
  }
}
