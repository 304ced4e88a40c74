/* Small pieces of SVG: elements, icons, and paths through points of which some may be missing. */

const SPACE = "http://www.w3.org/2000/svg";

const ICONS = {
  critical: ["M8 2h8l6 6v8l-6 6H8l-6-6V8z", "M12 7v6", "M12 16.5v.5"],
  warning: ["M12 3 22 20H2z", "M12 9v5", "M12 16.8v.4"],
  good: ["M12 2.5a9.5 9.5 0 1 0 0 19 9.5 9.5 0 0 0 0-19z", "m8 12 3 3 5-6"],
  paused: ["M8 4v16", "M16 4v16"],
};

/** An SVG element. */
export function svg(tag, attributes = {}, ...children) {
  const node = document.createElementNS(SPACE, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

/** An icon by name; who cannot see it is told in words beside it. */
export function icon(name) {
  const paths = ICONS[name].map((d) => svg("path", { d }));
  return svg("svg", { class: "icon", viewBox: "0 0 24 24", "aria-hidden": "true" }, ...paths);
}

/** A piece of a drawing for its key. */
export const sample = (piece) => svg("svg", { viewBox: "0 0 24 11", "aria-hidden": "true" }, piece);

/** The path data of a line through [x, y] points; a point without y interrupts it. */
export function line(points) {
  let drawn = false;
  let d = "";
  for (const [x, y] of points) {
    if (y !== null) d += `${drawn ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`;
    drawn = y !== null;
  }
  return d;
}

/** The path data of the area between two lines of [x, low, high]; a point without them interrupts it. */
export function area(points) {
  const pieces = [[]];
  for (const point of points) {
    if (point[1] === null || point[2] === null) pieces.push([]);
    else pieces.at(-1).push(point);
  }
  return pieces.filter((piece) => piece.length > 1).map(closed).join("");
}

function closed(piece) {
  const there = piece.map(([x, , high]) => [x, high]);
  const back = piece.map(([x, low]) => [x, low]).reverse();
  return `${line([...there, ...back])}Z`;
}
