/** Numbers and counts as people read them. */

/** A whole number for people: 1,204. Node takes 9 ms to do it for the first time by a locale. */
export function formatNumber(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** A number of things in words: "1 call", "2 calls". */
export function pluralize(count: number, one: string, many = `${one}s`): string {
  return `${formatNumber(count)} ${count === 1 ? one : many}`;
}
