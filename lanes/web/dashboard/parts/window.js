/* The window breathing: how many messages may be in flight, how many are, over the last minutes, and what the window is
   doing in words. What is drawn was seen by this page: the store keeps only the present. */

import { now } from "../base/clock.js";
import { el, say } from "../base/dom.js";
import { Canvas } from "../base/canvas.js";
import { linear, round } from "../base/scale.js";
import { area, line, sample, svg } from "../base/svg.js";
import { count } from "../base/units.js";

/** Seconds that are shown, and a gap between two looks that is one. */
const SPAN = 300;
const GAP = 10;
const LOWEST = 150;
const AXIS = 18;
const TOP = 8;
/** The scale is drawn in when less than this part of it is used. */
const SLACK = 0.3;

export class WindowTrace {
  #seen = [];
  #top = 10;
  #inflight = el("span", { class: "figure" });
  #size = el("span", { class: "muted" });
  #phase = el("p", { class: "window-words" });
  #used = svg("path", { class: "used" });
  #room = svg("path", { class: "room" });
  #axis = svg("g");
  #canvas = new Canvas(LOWEST, (_, width, height) => this.#draw(width, height));
  #drawn = "";

  constructor(place) {
    this.#canvas.svg.append(this.#axis, this.#used, this.#room);
    const key = el("ul", { class: "key" },
      el("li", {}, sample(svg("path", { class: "room", d: "M1 6H23" })), "may be in flight"),
      el("li", {}, sample(svg("path", { class: "used", d: "M1 10V4H23V10Z" })), "is in flight"));
    place.classList.add("window");
    place.append(el("p", { class: "window-now" }, this.#inflight, this.#size), this.#phase, this.#canvas.node, key);
  }

  tell({ window: { size, inflight, phase } }) {
    const at = now();
    const last = this.#seen.at(-1);
    if (last && at - last.at > GAP) this.#seen.push({ at: at - 1, size: null, inflight: null });
    this.#seen.push({ at, size, inflight });
    while (this.#seen[0].at < at - SPAN - GAP) this.#seen.shift();
    say(this.#inflight, count(inflight));
    say(this.#size, `in flight of ${count(size)} that may be`);
    say(this.#phase, `It ${phase}.`);
    this.#canvas.redraw();
  }

  #draw(width, height) {
    const bottom = height - AXIS;
    const at = now();
    const most = Math.max(10, ...this.#seen.map((one) => Math.max(one.size, one.inflight)));
    if (most > this.#top || most < this.#top * SLACK) this.#top = round(most * 1.1);
    const x = linear([at - SPAN, at], [34, width]);
    const y = linear([0, this.#top], [bottom, TOP]);
    this.#drawAxis(width, height, y);
    const seen = this.#seen.filter((one) => one.at >= at - SPAN);
    const place = (value) => (value === null ? null : y(value));
    this.#used.setAttribute("d", area(seen.map((one) => [x(one.at), bottom, place(one.inflight)])));
    this.#room.setAttribute("d", line(seen.map((one) => [x(one.at), place(one.size)])));
  }

  #drawAxis(width, height, y) {
    const drawn = `${width} ${height} ${this.#top}`;
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    const marks = [0, this.#top / 2, this.#top].flatMap((value) => [
      svg("line", { class: "grid", x1: 34, x2: width, y1: Math.round(y(value)), y2: Math.round(y(value)) }),
      svg("text", { x: 28, y: y(value) + 4, "text-anchor": "end" }, count(value))]);
    this.#axis.replaceChildren(...marks, svg("text", { x: 34, y: height - 2 }, "5 min ago"),
      svg("text", { x: width, y: height - 2, "text-anchor": "end" }, "now"));
  }
}

