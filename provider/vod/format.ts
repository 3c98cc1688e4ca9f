/** Numbers, counts and lists as people read them. */

/** Formats a whole number: 1,204. Node takes 9 ms to do it by a locale for the first time. */
export function formatNumber(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** Formats a number of things: "1 call", "2 calls". */
export function pluralize(count: number, one: string, many = `${one}s`): string {
  return `${formatNumber(count)} ${count === 1 ? one : many}`;
}

/** Joins names as a sentence does: "a", "a and b", "a, b and c". */
export function joinNames(names: readonly string[], word: "and" | "or"): string {
  const last = names.at(-1) ?? "";
  return names.length < 2 ? last : `${names.slice(0, -1).join(", ")} ${word} ${last}`;
}

/** Formats a part of a number of things: "1 of 3 calls". */
export function countOf(part: number, total: number, [, many]: readonly [one: string, many: string]): string {
  return `${formatNumber(part)} of ${formatNumber(total)} ${many}`;
}

/** How many names a line lists. */
const LISTED = 5;

/** Lists the first few names, each as `show` has it, and how many more there are: "a, b, c, d, e and 3 more". */
export function listFirst(names: readonly string[], show = (name: string) => name): string {
  const more = names.length > LISTED ? ` and ${formatNumber(names.length - LISTED)} more` : "";
  return names.slice(0, LISTED).map(show).join(", ") + more;
}
