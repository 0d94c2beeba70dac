// How the terminal and the document say it.

export function callers(concurrency) {
  return concurrency === 1 ? 'one caller' : `${concurrency.toLocaleString('en')} callers`;
}

/** Three digits tell something, the others are noise. */
export function significant(number) {
  return Number(number.toPrecision(3)).toLocaleString('en', { maximumFractionDigits: 6 });
}

/** A ratio and its quartiles. */
export function hundredths({ median, low, high }) {
  return `${median.toFixed(2)} (${low.toFixed(2)}–${high.toFixed(2)})`;
}
