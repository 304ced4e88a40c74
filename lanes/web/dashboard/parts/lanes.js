/* The lanes, the most urgent on top: what is in each, where it is, and how well the lane keeps its word. */

import { when } from "../base/clock.js";
import { el, foreign, keep, say, set } from "../base/dom.js";
import { icon } from "../base/svg.js";
import { count, duration, NONE, share } from "../base/units.js";
import { Band } from "./band.js";
import { Track } from "./track.js";

const HOLD = { never: "never held", congested: "held while the window is full", always: "held for its batch" };

export class Lanes {
  #lanes = new Map();
  #worst = new Map();
  #budgets = new Map();
  #paused = new Map();

  /** `list(lane, state)` shows messages; `stop(lane, paused)` pauses or resumes, null where that is not allowed. */
  constructor(place, { list, stop }) {
    this.place = place;
    this.list = list;
    this.stop = stop;
  }

  tell({ lanes, alerts }) {
    this.#worst = new Map(alerts.toReversed().map(({ labels, severity }) => [labels.lane, severity]));
    keep(this.place, lanes, {
      key: ({ lane }) => lane,
      make: ({ lane }) => this.#made(lane),
      tell: (_, lane) => this.#lanes.get(lane.lane).tell(lane, this.#worst.get(lane.lane), this.#paused.get(lane.lane)),
    });
  }

  /** What is left of the error budgets. */
  tellBudgets(items) {
    this.#budgets = new Map(items.map((sla) => [sla.lane, sla.budget_left]));
    for (const [name, lane] of this.#lanes) lane.tellBudget(this.#budgets.get(name) ?? null);
  }

  /** Who paused what, and why: the newest order about each lane. */
  tellOrders(orders) {
    const stops = orders.filter(({ what, lane }) => lane && (what === "pause" || what === "resume"));
    this.#paused = new Map(stops.toReversed().map((order) => [order.lane, order]));
  }

  #made(name) {
    const lane = new Lane(name, (state) => this.list(name, state), this.stop);
    lane.tellBudget(this.#budgets.get(name) ?? null);
    this.#lanes.set(name, lane);
    return lane.node;
  }
}

class Lane {
  #name = el("h3", { class: "lane-name" });
  #terms = el("p", { class: "lane-terms" });
  #paused = el("p", { class: "paused", hidden: true });
  #depth = el("p", { class: "lane-depth" }, el("span", { class: "figure" }), el("span", { class: "figure-note" }));
  #facts = { kept: fact(), p95: fact(), budget: fact(), delivered: fact() };
  #button = null;

  constructor(name, list, stop) {
    this.name = name;
    this.band = new Band(name, list);
    this.track = new Track();
    const order = stop && el("p", { class: "lane-order" }, this.#button = el("button", { type: "button",
      onclick: () => stop(name, this.stopped) }));
    this.node = el("article", { class: "lane" },
      el("div", {}, this.#name, this.#terms, this.#paused, order), this.#depth,
      el("div", { class: "lane-road" }, this.band.node, this.track.node),
      el("dl", { class: "lane-facts" }, ...Object.values(this.#facts)));
  }

  tell(lane, severity, order) {
    this.stopped = lane.paused;
    this.#tellName(severity, lane);
    this.#tellPause(lane.paused, order);
    say(this.#depth.firstChild, count(lane.depth));
    say(this.#depth.lastChild, lane.max_size ? `of ${count(lane.max_size)} at most` : "in the lane");
    this.band.tell(lane.states);
    this.track.tell(lane);
    this.#tellHour(lane);
  }

  tellBudget(left) {
    const words = left !== null && left < 0 ? "budget overspent" : "budget left";
    write(this.#facts.budget, left === null ? NONE : share(Math.abs(left)), words, left !== null && left < 0);
  }

  #tellHour({ compliance, objective, p95_seconds: p95, sla_seconds: sla, delivered }) {
    const broken = compliance !== null && compliance < objective;
    write(this.#facts.kept, share(compliance), `in time, ${broken ? "below" : "goal"} ${share(objective)}`, broken);
    write(this.#facts.p95, duration(p95), p95 > sla ? `p95, over ${duration(sla)}` : "p95, last hour", p95 > sla);
    write(this.#facts.delivered, count(delivered), "sent, last hour");
  }

  #tellName(severity, { sla_seconds: sla, hold }) {
    if (this.#name.dataset.severity !== (severity ?? "none")) {
      const sign = severity && icon(severity === "critical" ? "critical" : "warning");
      sign?.setAttribute("data-severity", severity);
      this.#name.replaceChildren(this.name, ...(sign ? [sign, el("span", { class: "hidden" }, ` (${severity})`)] : []));
      this.#name.dataset.severity = severity ?? "none";
    }
    say(this.#terms, `within ${duration(sla)}, ${HOLD[hold] ?? hold}`);
  }

  #tellPause(paused, order) {
    set(this.#paused, "hidden", !paused);
    if (this.#button) say(this.#button, paused ? "Resume…" : "Pause…");
    const told = paused ? JSON.stringify(order ?? null) : "";
    if (this.#paused.dataset.told === told) return;
    this.#paused.dataset.told = told;
    const known = paused && order?.what === "pause";
    this.#paused.replaceChildren(icon("paused"), known ? by(order) : el("b", {}, "paused"));
  }
}

const by = ({ who, at, why }) => el("span", {}, el("b", {}, "paused"), " by ", foreign(who), " ", when(at), " ago",
  ...(why ? [": ", foreign(why)] : []));

const fact = () => el("div", { class: "fact" }, el("dt", { class: "figure-note" }), el("dd", { class: "figure" }));

function write(node, value, words, broken = false) {
  say(node.firstChild, words);
  say(node.lastChild, value);
  set(node, "data-status", broken ? "bad" : null);
}
