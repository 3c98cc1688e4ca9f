/** Numbers of several rounds. In each round all subjects are measured in turn, so that what else the machine does hits each alike. */

/** The numbers of one subject, one a round; undefined in a round that didn't measure it. */
export type Series = readonly (number | undefined)[];

/** What a series comes to. */
export interface Spread {
  median: number;
  least: number;
  most: number;
}

/** The spread of a series; NaN of an empty one. */
export function spreadOf(series: Series): Spread {
  const sorted = series.filter((value) => value !== undefined).sort((one, other) => one - other);
  const at = (index: number) => sorted[index] ?? Number.NaN;
  return { median: at(Math.floor(sorted.length / 2)), least: at(0), most: at(sorted.length - 1) };
}

/** Combines two series round by round. */
export function combined(one: Series, other: Series, combine: (one: number, other: number) => number): Series {
  return one.map((value, round) => {
    const beside = other[round];
    return value === undefined || beside === undefined ? undefined : combine(value, beside);
  });
}

/** How many times as large one is as the other, in each round. */
export const ratios = (one: Series, other: Series): Series => combined(one, other, (above, below) => above / below);

/** How much larger one is than the other, in each round. */
export const differences = (one: Series, other: Series): Series => combined(one, other, (most, least) => most - least);

/** What a task takes, in milliseconds. */
export async function timed(task: () => unknown): Promise<number> {
  const began = performance.now();
  await task();
  return performance.now() - began;
}

/** The elements, beginning with another one in each round. */
export function turned<T>(elements: readonly T[], round: number): T[] {
  const first = round % elements.length;
  return [...elements.slice(first), ...elements.slice(0, first)];
}
