/**
 * Counters and histograms of our own, for what is counted at each request.
 *
 *     observation ──▶ labels, one map after the other ──▶ numbers      at each request
 *     Prometheus asks ──▶ samples ──▶ prom-client ──▶ text             now and then
 *
 * prom-client checks and joins the labels of each observation, which was an eighth of the heart's
 * work for a request. Here types see to the labels beforehand, and the text stays the same.
 */

import { Counter, type Registry } from 'prom-client';

/** What a metric is called, and what its labels are. */
interface TallyFacts<Label extends string> {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly Label[];
}

/** One line of the text, as prom-client's registry takes it. */
interface Sample {
  readonly metricName: string;
  readonly labels: Readonly<Record<string, number | string>>;
  readonly sharedLabels: Readonly<Record<string, string>>;
  readonly value: number;
}

interface Branch<Value> {
  readonly branches: Map<string, Branch<Value>>;
  value: Value | undefined;
}

/** One value for each combination of labels, told in the order in which they first came. */
class LabelTree<Label extends string, Value> {
  readonly #labelNames: readonly Label[];
  readonly #make: () => Value;
  readonly #root: Branch<Value> = { branches: new Map(), value: undefined };
  readonly entries: (readonly [labels: Readonly<Record<string, string>>, value: Value])[] = [];

  constructor(labelNames: readonly Label[], make: () => Value) {
    this.#labelNames = labelNames;
    this.#make = make;
  }

  at(labels: Readonly<Record<Label, string>>): Value {
    let branch = this.#root;
    for (const name of this.#labelNames) {
      let next = branch.branches.get(labels[name]);
      if (!next) {
        next = { branches: new Map(), value: undefined };
        branch.branches.set(labels[name], next);
      }
      branch = next;
    }
    if (branch.value === undefined) {
      branch.value = this.#make();
      const ordered = Object.fromEntries(this.#labelNames.map((name) => [name, labels[name]]));
      this.entries.push([ordered, branch.value]);
    }
    return branch.value;
  }
}

/** Something that only grows. */
export class CounterTally<Label extends string> {
  readonly type = 'counter';
  readonly facts: TallyFacts<Label>;
  readonly #series: LabelTree<Label, { total: number }>;

  constructor(facts: TallyFacts<Label>) {
    this.facts = facts;
    this.#series = new LabelTree(facts.labelNames, () => ({ total: 0 }));
  }

  add(labels: Readonly<Record<Label, string>>, amount = 1): void {
    this.#series.at(labels).total += amount;
  }

  samples(): readonly Sample[] {
    return this.#series.entries.map(([sharedLabels, { total }]) => ({
      metricName: this.facts.name,
      labels: {},
      sharedLabels,
      value: total,
    }));
  }
}

/** How often something was how large, in buckets that grow. */
export class HistogramTally<Label extends string> {
  readonly type = 'histogram';
  readonly facts: TallyFacts<Label>;
  readonly #bounds: readonly number[];
  readonly #series: LabelTree<Label, { counts: number[]; sum: number }>;

  /** `bounds` are the largest value of each bucket, in order; what is larger still is counted. */
  constructor({ bounds, ...facts }: TallyFacts<Label> & { readonly bounds: readonly number[] }) {
    this.facts = facts;
    this.#bounds = bounds;
    this.#series = new LabelTree(facts.labelNames, () => ({
      counts: Array.from({ length: bounds.length + 1 }, () => 0),
      sum: 0,
    }));
  }

  observe(labels: Readonly<Record<Label, string>>, value: number): void {
    const series = this.#series.at(labels);
    const bounds = this.#bounds;
    let bucket = 0;
    while (bucket < bounds.length && value > (bounds[bucket] ?? 0)) bucket += 1;
    series.counts[bucket] = (series.counts[bucket] ?? 0) + 1;
    series.sum += value;
  }

  samples(): readonly Sample[] {
    const { name } = this.facts;
    return this.#series.entries.flatMap(([sharedLabels, { counts, sum }]) => {
      let count = 0;
      const buckets = counts.map((inBucket, at) => {
        count += inBucket;
        const labels = { le: this.#bounds[at] ?? '+Inf' };
        return { metricName: `${name}_bucket`, labels, sharedLabels, value: count };
      });
      return [
        ...buckets,
        { metricName: `${name}_sum`, labels: {}, sharedLabels, value: sum },
        { metricName: `${name}_count`, labels: {}, sharedLabels, value: count },
      ];
    });
  }
}

/**
 * Puts a tally into the text of a registry. A registry takes only metrics of prom-client's making,
 * so it is given one that answers with what the tally holds.
 */
export const registerTally = <Label extends string>(
  registry: Registry,
  tally: CounterTally<Label> | HistogramTally<Label>,
): void => {
  const { facts, type } = tally;
  const get = async () => ({ ...facts, type, values: tally.samples() });
  registry.registerMetric(Object.assign(new Counter({ ...facts, registers: [] }), { get }));
};
