/**
 * Markup built from text, so that nothing reaches a page without being escaped.
 *
 * The tag `html` escapes every string put into its template; only an `Html` passes as it is.
 */

/** Markup that is safe to put into a page. */
export class Html {
  readonly markup: string;

  constructor(markup: string) {
    this.markup = markup;
  }
}

export type Fragment = Html | string | number | undefined | readonly Fragment[];

/**
 * Markup from a template: strings are escaped, lists are joined, nothing is left out as ''. How the
 * template is indented is for readers of our code: a page has thousands of cells.
 */
export const html = (parts: TemplateStringsArray, ...values: readonly Fragment[]): Html =>
  new Html(
    parts
      .map((part, index) => flat(part) + (index < values.length ? render(values[index]) : ''))
      .join(''),
  );

const flat = (part: string): string => part.replace(/\n\s+/g, '\n');

const render = (fragment: Fragment): string => {
  if (fragment === undefined) return '';
  if (fragment instanceof Html) return fragment.markup;
  if (typeof fragment === 'string') return escapeMarkup(fragment);
  if (typeof fragment === 'number') return String(fragment);
  return fragment.map(render).join('');
};

/**
 * Escapes a text for element content and quoted attributes, of HTML and of XML. Control characters
 * and lone surrogates, which XML 1.0 does not allow, are dropped.
 */
export const escapeMarkup = (text: string): string =>
  text
    .replace(
      /[^\t\n\r\u{20}-\u{7e}\u{85}\u{a0}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu,
      '',
    )
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;')
    .replace(/'/g, '&#39;');
