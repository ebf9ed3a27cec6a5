/**
 * Markup built from text, so that nothing reaches the page without being escaped.
 *
 * The tag `html` escapes every string put into its template; only `Markup` passes as it is.
 */

/** Markup that is safe to put into a page. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** `false` is nothing, so that a condition can stand before `&&`. */
type Fragment = Markup | string | number | false | undefined | readonly Fragment[];

/** Markup from a template. */
export const html = (parts: TemplateStringsArray, ...values: readonly Fragment[]): Markup =>
  new Markup(
    parts.map((part, at) => part + (at < values.length ? rendered(values[at]) : '')).join(''),
  );

/** A sentence in which what stands between backquotes is code. */
export const withCode = (sentence: string): Markup =>
  html`${sentence.split('`').map((part, at) => (at % 2 === 1 ? html`<code>${part}</code>` : part))}`;

const rendered = (fragment: Fragment): string => {
  if (fragment === undefined || fragment === false) return '';
  if (fragment instanceof Markup) return fragment.text;
  if (typeof fragment === 'string') return escaped(fragment);
  if (typeof fragment === 'number') return String(fragment);
  return fragment.map((it) => rendered(it)).join('');
};

const escaped = (text: string): string =>
  text
    .replaceAll(/[^\P{Cc}\t\n]/gu, '')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
