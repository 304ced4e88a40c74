/* Draws a stretch of a lane's history: percentiles of the queue time on a logarithmic axis with the SLA across it, and
   below, as bars, how many messages were delivered, the part that was too late at the foot of each. */

import { DURATIONS, instants, linear, logarithmic } from "../base/scale.js";
import { area, line, svg } from "../base/svg.js";
import { duration } from "../base/units.js";

export const HEIGHT = 196;
export const PERCENTILES = ["p50", "p95", "p99"];

/** Places, in pixels: the plot between TOP and BOTTOM, the bars below it, words to the left and at the foot. */
const LEFT = 34;
const TOP = 10;
const BOTTOM = 140;
const BARS_TOP = 148;
const BARS_BOTTOM = 176;
/** Pixels between two marks of an axis, at least. */
const ROW = 17;
const COLUMN = 70;
/** How much of the axis is left free above the highest value. */
const HEADROOM = 1.25;

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const day = new Intl.DateTimeFormat(undefined, { weekday: "short", day: "numeric" });

/** Draw `points` (see plot.js) between two instants; the scale of time, to find a point again. */
export function draw(node, points, { from, to, sla }, width) {
  const x = linear([from, to], [LEFT, width]);
  const [low, high] = reach(points, sla);
  const y = logarithmic([low, high], [BOTTOM, TOP]);
  node.replaceChildren(...rows(y, low, width), ...columns(x, from, to, width), ...bars(points, x),
    ...curves(points, x, y), ...bound(y(sla), width, sla));
  return x;
}

/** A line across the plot and the bars, at an instant. */
export const cross = (x) => svg("line", { class: "cross", x1: x, x2: x, y1: TOP, y2: BARS_BOTTOM });

/** The lowest and highest value of the axis, in seconds. */
function reach(points, sla) {
  const values = points.flatMap((point) => PERCENTILES.map((p) => point[p])).filter((value) => value !== null);
  const least = Math.min(...values, sla);
  return [DURATIONS.findLast((mark) => mark <= least) ?? DURATIONS[0], Math.max(...values, sla) * HEADROOM];
}

function rows(y, low, width) {
  const marks = [];
  for (const mark of DURATIONS.filter((value) => value >= low && y(value) >= TOP))
    if (marks.length === 0 || y(marks.at(-1)) - y(mark) >= ROW) marks.push(mark);
  return marks.flatMap((mark) => [
    svg("line", { class: "grid", x1: LEFT, x2: width, y1: Math.round(y(mark)), y2: Math.round(y(mark)) }),
    svg("text", { x: LEFT - 6, y: y(mark) + 4, "text-anchor": "end" }, duration(mark))]);
}

function columns(x, from, to, width) {
  const { marks, daily } = instants(from, to, Math.max(2, Math.floor(width / COLUMN)));
  return marks.filter((mark) => x(mark) > LEFT + 14 && x(mark) < width - 14).map((mark) =>
    svg("text", { x: x(mark), y: HEIGHT - 4, "text-anchor": "middle" }, (daily ? day : clock).format(mark * 1000)));
}

function bars(points, x) {
  const height = linear([0, Math.max(1, ...points.map(({ messages }) => messages))], [0, BARS_BOTTOM - BARS_TOP]);
  const bar = ({ from, to }, kind, tall) => svg("rect", { class: kind, x: x(from), y: BARS_BOTTOM - tall, height: tall,
    width: Math.max(x(to) - x(from) - 0.5, 0.5) });
  const late = points.filter(({ missed }) => missed > 0);
  return [...points.map((point) => bar(point, "volume", height(point.messages))),
    ...late.map((point) => bar(point, "missed", Math.max(height(point.missed), 3)))];
}

function curves(points, x, y) {
  const place = (value) => (value === null ? null : y(value));
  const between = area(points.map(({ middle, p50, p95 }) => [x(middle), place(p50), place(p95)]));
  const curve = (p) => line(points.map((point) => [x(point.middle), place(point[p])]));
  const lines = PERCENTILES.map((p) => svg("path", { class: p, d: curve(p) }));
  return [svg("path", { class: "between", d: between }), ...lines];
}

function bound(y, width, sla) {
  return [svg("line", { class: "sla-line", x1: LEFT, x2: width, y1: y, y2: y }),
    svg("text", { class: "sla-word", x: width, y: y - 4, "text-anchor": "end" }, `SLA ${duration(sla)}`)];
}
