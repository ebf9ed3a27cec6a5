/** A `fetch` that keeps what a client sends, to show that it did what the test is about. */

type Body = Readonly<Record<string, unknown>>;

export interface Recorder {
  readonly fetch: typeof fetch;
  readonly bodies: readonly Body[];
  /** The input items of the request sent at this place, counted from 0. */
  inputOf(at: number): readonly Body[];
}

export const recorder = (): Recorder => {
  const bodies: Body[] = [];
  return {
    bodies,
    async fetch(input, init) {
      if (typeof init?.body === 'string') bodies.push(JSON.parse(init.body));
      return fetch(input, init);
    },
    inputOf(at) {
      const input = bodies[at]?.['input'];
      return Array.isArray(input) ? input : [];
    },
  };
};
