/** A run log that cannot be written, or cannot be read as one. */
export class LogError extends Error {
  override readonly name = 'LogError';
  /** What to do about it. */
  readonly hint: string;

  constructor(problem: string, hint: string, options?: ErrorOptions) {
    super(problem, options);
    this.hint = hint;
  }
}
