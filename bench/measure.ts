/**
 * Numbers of several rounds. Each round measures all subjects in turn, so that other load on the machine affects them
 * equally.
 */

/** The numbers of one subject, one for each round; undefined for a round that didn't measure it. */
export type Series = readonly (number | undefined)[];

/** The summary of a series. */
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
function combine(one: Series, other: Series, operate: (one: number, other: number) => number): Series {
  return one.map((value, round) => {
    const beside = other[round];
    return value === undefined || beside === undefined ? undefined : operate(value, beside);
  });
}

/** The ratio of one series to the other, round by round. */
export const ratios = (one: Series, other: Series): Series => combine(one, other, (above, below) => above / below);

/** The difference of two series, round by round. */
export const differences = (one: Series, other: Series): Series => combine(one, other, (most, least) => most - least);

/** How long a task takes, in milliseconds. */
export async function timed(task: () => unknown): Promise<number> {
  const began = performance.now();
  await task();
  return performance.now() - began;
}

/** The elements, each round beginning with another one. */
export function turned<T>(elements: readonly T[], round: number): T[] {
  const first = round % elements.length;
  return [...elements.slice(first), ...elements.slice(0, first)];
}
