/** Which of some names was meant by one that isn't among them. */

/** How many letters may be wrong, missing or too many: a typing mistake, and no other word. */
const MOST_EDITS = 2;

/** Finds the name that was meant: in another case, without its plural, or with a typing mistake. */
export function findSimilar(given: string, names: readonly string[]): string | undefined {
  const wanted = given.toLowerCase();
  const bounds = names.map((name) => {
    const known = name.toLowerCase();
    if (known === wanted) return { name, edits: 0 };
    const edits = countEdits(wanted, known);
    // Of a short name, two wrong letters leave nothing.
    return {
      name,
      edits: edits <= Math.min(MOST_EDITS, Math.floor(known.length / 3)) ? edits : Number.POSITIVE_INFINITY,
    };
  });
  const best = bounds.reduce((one, other) => (other.edits < one.edits ? other : one), {
    name: "",
    edits: Number.POSITIVE_INFINITY,
  });
  return best.name === "" ? undefined : best.name;
}

/** The Levenshtein distance of two texts. */
function countEdits(one: string, other: string): number {
  if (Math.abs(one.length - other.length) > MOST_EDITS) return Number.POSITIVE_INFINITY;
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...one].entries()) {
    const next = [i + 1];
    for (let j = 1; j <= other.length; j++) {
      const replaced = (row[j - 1] as number) + (letter === other[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[other.length] as number;
}
