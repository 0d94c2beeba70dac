/**
 * Finds the name that was probably meant: the same but for case and separators, a part of it, or at most two
 * letters away.
 */
export function closestName<Name extends string>(written: string, names: readonly Name[]): Name | undefined {
  // The distance takes time in the product of both lengths, and nobody writes a name this long by mistake.
  if (written.length > 40) return undefined;
  const wanted = normalise(written);
  const best = names
    .map((name) => ({ name, distance: distanceBetween(wanted, normalise(name)) }))
    .reduce((left, right) => (right.distance < left.distance ? right : left));
  // Two changes make any two short words alike.
  const tolerance = Math.min(2, wanted.length - 2);
  return best.distance <= tolerance ? best.name : names.find((name) => contains(normalise(name), wanted));
}

function normalise(name: string): string {
  return name.replaceAll(/[-_]/g, '').toLowerCase();
}

function contains(name: string, part: string): boolean {
  return part.length >= 3 && name.includes(part);
}

/** How many letters must be added, dropped or replaced to make one word of the other (Levenshtein). */
function distanceBetween(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [index, letter] of Array.from(from).entries()) {
    const next = [index + 1];
    for (const [column, other] of Array.from(to).entries()) {
      const replaced = (row[column] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(replaced, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
