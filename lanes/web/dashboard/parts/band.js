/* Where a lane's mail is: a band divided by state, and the same in numbers, which are what a screen reader has. */

import { el, say, set, style } from "../base/dom.js";
import { count } from "../base/units.js";

/** The states (lanes/life.py) in the order of the band: what moves first, then what waits, then what rests. */
export const STATES = {
  inflight: "in flight",
  releasing: "releasing",
  held: "held",
  deferred: "deferred",
  withheld: "withheld by hand",
  kept: "kept by order",
};

/** A small square in a state's tone. */
export const swatch = (state) => el("span", { class: "swatch", "data-state": state, "aria-hidden": "true" });

export class Band {
  #segments = new Map();
  #numbers = new Map();
  node;

  /** `list(state)` is called when somebody wants to see the messages. */
  constructor(lane, list) {
    const band = el("div", { class: "band", "aria-hidden": "true" });
    const legend = el("ul", { class: "legend" });
    for (const [state, name] of Object.entries(STATES)) {
      const segment = el("span", { class: "segment", "data-state": state });
      const number = el("button", { type: "button", class: "words", onclick: () => list(state) });
      this.#segments.set(state, segment);
      this.#numbers.set(state, { number, name, entry: el("li", {}, swatch(state), number) });
      band.append(segment);
      legend.append(this.#numbers.get(state).entry);
    }
    this.node = el("div", { role: "group", "aria-label": `Where the mail of ${lane} is` }, band, legend);
  }

  tell(states) {
    for (const [state, { number, name, entry }] of this.#numbers) {
      const held = states[state] ?? 0;
      set(this.#segments.get(state), "hidden", held === 0);
      style(this.#segments.get(state), "flex-grow", String(held));
      set(entry, "hidden", held === 0);
      say(number, `${count(held)} ${name}`);
    }
  }
}
