// What is told of many numbers.

/** The value below which this part of them lies. */
export function quantile(numbers, part) {
  const sorted = numbers.toSorted((left, right) => left - right);
  const place = (sorted.length - 1) * part;
  const [below, above] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]];
  return below + (above - below) * (place - Math.floor(place));
}

export function summarize(numbers) {
  return {
    median: quantile(numbers, 0.5),
    low: quantile(numbers, 0.25),
    high: quantile(numbers, 0.75),
  };
}

/** How many times the first is the second, compared round by round: what disturbs a round disturbs both. */
export function compareRounds(ours, theirs) {
  return summarize(ours.map((value, round) => value / theirs[round]));
}
