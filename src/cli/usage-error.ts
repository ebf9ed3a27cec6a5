/** A command line that cannot be used as typed, in our own words. */

export class UsageError extends Error {
  override readonly name = 'UsageError';
  /** What to type instead. */
  readonly hint: string;

  constructor(problem: string, hint: string) {
    super(problem);
    this.hint = hint;
  }
}

/** Says what is wrong with the words of a command line, from what the parser made of them. */
export const usageError = (words: readonly string[], message: string): UsageError => {
  const command = words.find((word) => !word.startsWith('-'));
  if (command === undefined)
    return new UsageError('expected a command, found none', 'See `spillway --help`.');
  if (
    /^(?:Unknown command|Did you mean)/.test(message) ||
    /^Unknown arguments?: ([^,]+)/.exec(message)?.[1] === command
  ) {
    const near = message.startsWith('Did you mean') ? `${message} ` : '';
    return new UsageError(`unknown command '${command}'`, `${near}See \`spillway --help\`.`);
  }
  const help = `See \`spillway ${command} --help\`.`;
  if (message.startsWith('Not enough non-option arguments'))
    return new UsageError(`\`spillway ${command}\`: expected one more word, found none`, help);

  return new UsageError(message.replaceAll(/\s*\n\s*/g, ' '), help);
};
