/* Hours of the day (UTC) as a strip of 24 cells, and in words. */

import { svg } from "../base/svg.js";
import { hour } from "../base/units.js";

const CELL = 3;

/** The strip: filled where the hour is one of `good`. */
export function hours(good) {
  const cells = Array.from({ length: 24 }, (_, number) => svg("rect", {
    x: number * CELL, y: good.includes(number) ? 1 : 4, width: CELL - 1, height: good.includes(number) ? 8 : 2,
    fill: "currentColor", opacity: good.includes(number) ? 1 : 0.4 }));
  return svg("svg", { width: 24 * CELL, height: 10, "aria-hidden": "true" }, ...cells);
}

/** `02–05, 09`; a run may go on beyond midnight. */
export function ranges(good) {
  const runs = [];
  for (const number of good) {
    if (runs.at(-1)?.at(-1) === number - 1) runs.at(-1).push(number);
    else runs.push([number]);
  }
  if (runs.length > 1 && runs[0][0] === 0 && runs.at(-1).at(-1) === 23) runs.push([...runs.pop(), ...runs.shift()]);
  return runs.map((run) => (run.length > 1 ? `${hour(run[0])}–${hour(run.at(-1))}` : hour(run[0]))).join(", ");
}
