/* A lane's history, to be read: pointing at the plot, or the arrow keys once it has the focus, tell of one stretch of
   time in the line above it. The same is there as a table. */

import { Canvas } from "../base/canvas.js";
import { el, say, set } from "../base/dom.js";
import { body, cell, row, table } from "../base/table.js";
import { count, counted, duration, share } from "../base/units.js";
import { cross, draw, HEIGHT, PERCENTILES } from "./drawing.js";

const instant = new Intl.DateTimeFormat(undefined, {
  weekday: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

export class Plot {
  #points = [];
  #span = { from: 0, to: 1, sla: 1 };
  #whole = "";
  #chosen = null;
  #x = null;
  #said = el("p", { class: "plot-said" });
  #canvas = new Canvas(HEIGHT, (svg, width) => this.#draw(svg, width));
  #table = el("div", { tabindex: "0", role: "region" });
  #details = el("details", { class: "as-table", ontoggle: () => this.#tabulate() },
    el("summary", {}, "As a table"), this.#table);

  constructor(lane, budget) {
    this.lane = lane;
    this.figure = el("div", { role: "img", tabindex: "0", onblur: () => this.#choose(null),
      onkeydown: (event) => this.#step(event), onpointermove: (event) => this.#point(event),
      onpointerleave: () => this.#choose(null) }, this.#canvas.node);
    this.node = el("article", { class: "plot" },
      el("div", { class: "plot-head" }, el("h3", {}, lane), budget), this.#said, this.figure, this.#details);
    set(this.#table, "aria-label", `History of ${lane}`);
  }

  /** Points as the API has them, between two instants in Unix time; the SLA in seconds. */
  tell(points, span) {
    this.#points = points.map(read);
    this.#span = span;
    this.#whole = summary(this.#points);
    this.#choose(this.#chosen);
    this.#canvas.redraw();
    this.#tabulate();
  }

  #draw(svg, width) {
    this.#x = draw(svg, this.#points, this.#span, width);
    this.#cross();
  }

  #point({ clientX }) {
    const place = clientX - this.#canvas.svg.getBoundingClientRect().left;
    const away = this.#points.map(({ middle }) => Math.abs(this.#x(middle) - place));
    this.#choose(away.length ? away.indexOf(Math.min(...away)) : null);
  }

  #step(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const last = this.#points.length - 1;
    if (!step || last < 0) return;
    event.preventDefault();
    const before = this.#chosen ?? (step > 0 ? -1 : last + 1);
    this.#choose(Math.min(Math.max(before + step, 0), last));
  }

  #choose(place) {
    this.#chosen = place in this.#points ? place : null;
    const words = this.#chosen === null ? this.#whole : told(this.#points[place]);
    say(this.#said, words);
    set(this.#said, "data-reads", this.#chosen !== null);
    set(this.figure, "aria-label", `Queue times of ${this.lane}. ${words}. Arrow keys read stretch by stretch.`);
    this.#cross();
  }

  #cross() {
    this.#canvas.svg.querySelector(".cross")?.remove();
    if (this.#chosen !== null && this.#x) this.#canvas.svg.append(cross(this.#x(this.#points[this.#chosen].middle)));
  }

  #tabulate() {
    if (!this.#details.open) return;
    const numbers = ["Messages", "Too late", ...PERCENTILES].map((name) => ({ name, number: true }));
    const grown = table("", `History of ${this.lane}`, [{ name: "From" }, ...numbers]);
    grown.append(body(...this.#points.toReversed().map(tabled)));
    this.#table.replaceChildren(grown);
  }
}

function read({ at, seconds, messages, missed, p50_seconds: p50, p95_seconds: p95, p99_seconds: p99 }) {
  const from = Date.parse(at) / 1000;
  return { from, middle: from + seconds / 2, to: from + seconds, messages, missed, p50, p95, p99 };
}

const sum = (points, name) => points.reduce((total, point) => total + point[name], 0);

function summary(points) {
  const [messages, missed] = [sum(points, "messages"), sum(points, "missed")];
  if (messages === 0) return "nothing was delivered";
  const late = missed ? `${count(missed)} too late (${share(1 - missed / messages)} in time)` : "none too late";
  return `${counted(messages, "message")}, ${late}`;
}

function told({ from, messages, missed, ...times }) {
  if (messages === 0) return `${instant.format(from * 1000)}: nothing was delivered`;
  const percentiles = PERCENTILES.map((p) => `${p} ${duration(times[p])}`).join(", ");
  return `${instant.format(from * 1000)}: ${percentiles}; ${counted(messages, "message")}, ${count(missed)} late`;
}

function tabled({ from, messages, missed, ...times }) {
  const numbers = [count(messages), count(missed), ...PERCENTILES.map((p) => duration(times[p]))];
  return row({}, cell(instant.format(from * 1000)), ...numbers.map((text) => cell(text, { kind: "number" })));
}
