/**
 * Takes out of a server's error what it quotes of the prompt: the error is shown to whoever may look
 * at a backend's state, and the prompt was another's.
 *
 *     prompt    My password is hunter2, is that safe?
 *     error     invalid input: 'My password is hunter2, is that…'   ──▶   invalid input: '[…]…'
 */

/** So much of both in a row is hardly chance. Any run a half longer again is found. */
const runChars = 12;
const stepChars = runChars / 2;

/** The message without the runs of text that the prompt has as well. */
export const withoutQuotes = (message: string, prompt: string): string => {
  let kept = '';
  let from = 0;
  for (let at = 0; at + runChars <= message.length;) {
    const isQuote = prompt.includes(message.slice(at, at + runChars));
    if (!isQuote) {
      at += stepChars;
      continue;
    }
    let start = at;
    let end = at + runChars;
    while (start > from && prompt.includes(message.slice(start - 1, end))) start--;
    while (end < message.length && prompt.includes(message.slice(start, end + 1))) end++;
    kept += `${message.slice(from, start)}[…]`;
    from = end;
    at = end;
  }
  return kept + message.slice(from);
};
