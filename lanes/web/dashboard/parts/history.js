/* Promises kept: a plot a lane, over a span that can be chosen, and what is left of each lane's error budget.

   Asked for when the page is opened and once a minute while it is looked at. Failure: what is shown stays, and says of
   when it is. */

import { get } from "../talk/api.js";
import { now } from "../base/clock.js";
import { el, keep, say, set, style } from "../base/dom.js";
import { sample, svg } from "../base/svg.js";
import { share } from "../base/units.js";
import { Plot } from "./plot.js";

const SPANS = { "1h": 3600, "24h": 86400, "7d": 7 * 86400 };
const POINTS = 120;
const KEY = { p50: "half within", p95: "95 % within", p99: "99 % within" };

export class History {
  #plots = new Map();
  #span = "24h";
  #place;
  #error = el("p", { class: "dialog-error", role: "status" });

  /** `budgets` is told what is left of the error budgets. */
  constructor(place, choice, { budgets }) {
    this.#place = el("div", { class: "plots" });
    this.budgets = budgets;
    choice.append(key(), this.#choice());
    place.append(this.#error, this.#place);
  }

  /** Ask again. */
  async refresh() {
    const span = this.#span;
    try {
      const asked = [get(["sla"], { since: span }), get(["sla", "history"], { since: span, points: POINTS })];
      const [slas, points] = await Promise.all(asked);
      if (span === this.#span) this.#tell(slas.items, points.items);
    } catch (problem) {
      say(this.#error, `The history is not up to date. ${problem.message}`);
    }
  }

  #tell(slas, points) {
    say(this.#error, "");
    this.budgets(slas);
    const [to, seconds] = [now(), SPANS[this.#span]];
    keep(this.#place, slas, {
      key: ({ lane }) => lane,
      make: ({ lane }) => this.#made(lane).plot.node,
      tell: (_, sla) => {
        const { plot, budget } = this.#plots.get(sla.lane);
        tellBudget(budget, sla.budget_left);
        plot.tell(points.filter(({ lane }) => lane === sla.lane), { from: to - seconds, to, sla: sla.sla_seconds });
      },
    });
  }

  #made(lane) {
    const bar = el("span", { class: "bar", "aria-hidden": "true" }, el("span", { class: "fill" }));
    const budget = el("div", { class: "budget" }, el("span"), bar);
    const made = { budget, plot: new Plot(lane, budget) };
    this.#plots.set(lane, made);
    return made;
  }

  #choice() {
    const choose = (span) => { this.#span = span; this.refresh(); };
    const option = (span) => el("input", { type: "radio", name: "span", value: span, checked: span === this.#span,
      onchange: () => choose(span) });
    const options = Object.keys(SPANS).map((span) => el("label", {}, option(span), span));
    return el("fieldset", { class: "choice" }, el("legend", { class: "hidden" }, "Span of time"), ...options);
  }
}

function tellBudget(node, left) {
  say(node.firstChild, left < 0 ? `error budget overspent by ${share(-left)}` : `error budget: ${share(left)} left`);
  style(node.querySelector(".fill"), "width", `${Math.min(Math.abs(left ?? 0), 1) * 100}%`);
  set(node, "data-status", left < 0 ? "bad" : null);
}

/** What the lines and bars of a plot are. */
function key() {
  const lines = Object.entries(KEY).map(([kind, words]) =>
    el("li", {}, sample(svg("path", { class: kind, d: "M1 6H23" })), `${kind}: ${words}`));
  const bars = [["volume", "delivered"], ["missed", "too late"]].map(([kind, words]) =>
    el("li", {}, sample(svg("rect", { class: kind, x: 8, y: 1, width: 8, height: 10 })), words));
  return el("ul", { class: "key" }, ...lines, ...bars);
}
