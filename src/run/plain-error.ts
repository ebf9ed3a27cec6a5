/** Errors as plain data: what crosses a thread or a socket keeps its name and its hint. */

export interface PlainError {
  readonly name: string;
  readonly message: string;
  readonly hint?: string;
  readonly stack?: string;
}

/** What there is to say of anything that was thrown. */
export const plainError = (error: unknown): PlainError => {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) };
  return {
    name: error.name,
    message: error.message,
    ...('hint' in error && typeof error.hint === 'string' && { hint: error.hint }),
    ...(error.stack !== undefined && { stack: error.stack }),
  };
};

/** The error again. */
export const asError = ({ name, message, hint, stack }: PlainError): Error => {
  const error =
    hint === undefined ? new Error(message) : Object.assign(new Error(message), { hint });
  error.name = name;
  if (stack !== undefined) error.stack = stack;
  return error;
};
