/* Scales: from values to places on a drawing, and where its axis has marks. */

/** From [low, high] to [from, to], linear. */
export const linear = ([low, high], [from, to]) => (value) => from + ((value - low) / (high - low || 1)) * (to - from);

/** The same by orders of magnitude; what is below `low` is drawn there. */
export function logarithmic([low, high], range) {
  const scale = linear([Math.log(low), Math.log(high)], range);
  return (value) => scale(Math.log(Math.max(value, low)));
}

/** The smallest of some multiples of a power of ten that is not less. */
export function round(value) {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1)));
  return [1, 2, 3, 4, 5, 6, 8, 10].map((factor) => factor * power).find((whole) => whole >= value);
}

/** Durations at which a logarithmic axis has marks, in seconds. */
export const DURATIONS = [0.001, 0.01, 0.1, 1, 10, 60, 600, 3600, 6 * 3600, 86400, 7 * 86400, 30 * 86400];

const STEPS = [300, 900, 3600, 3 * 3600, 6 * 3600, 12 * 3600, 86400, 2 * 86400];

/** Instants between two, at most `most`, that are round on the wall's clock; in Unix time. */
export function instants(from, to, most) {
  const step = STEPS.find((size) => (to - from) / size <= most) ?? 7 * 86400;
  const marks = [];
  const first = new Date(from * 1000);
  first.setHours(0, 0, 0, 0);
  for (let mark = first.getTime() / 1000; mark < to; mark += step) if (mark > from) marks.push(mark);
  return { marks, daily: step >= 86400 };
}
