/* The oldest message's way: from acceptance to the deadline, past the bound from which it is an alert.

   The deadline is at 85 % of the track. What lies behind it is drawn closer and closer, so that a day too late is still
   on the track, and the words say how late. */

import { el, say, set, style } from "../base/dom.js";
import { age, duration } from "../base/units.js";

const DEADLINE = 85;
/** A bound nearer than this part of the way to an end has no words of its own: they would not fit. */
const APART = 0.2;

export class Track {
  #words = el("span");
  #number = el("b");
  #fill = el("span", { class: "fill" });
  #oldest = el("span", { class: "mark-oldest" });
  #alert = el("span", { class: "bound" }, el("span"));
  #sla = el("span", { class: "bound sla" }, el("span"));
  node;

  constructor() {
    const rail = el("span", { class: "rail" }, el("span", { class: "beyond" }), this.#fill);
    const track = el("div", { class: "track", "aria-hidden": "true" }, rail, this.#alert, this.#sla, this.#oldest);
    this.node = el("div", { class: "way" }, el("p", { class: "way-words" }, this.#words, this.#number), track);
  }

  tell({ oldest_seconds: oldest, sla_seconds: sla, alert_after_seconds: alertAfter }) {
    const waits = oldest !== null;
    const late = waits && oldest > sla;
    set(this.node, "data-status", late ? "bad" : alertAfter && oldest > alertAfter ? "warn" : null);
    say(this.#words, waits ? "oldest " : "nothing waits");
    say(this.#number, !waits ? "" : late ? `${age(oldest - sla)} over` : age(oldest));
    this.#place(waits ? oldest / sla : 0);
    set(this.#oldest, "hidden", !waits);
    this.#bounds(sla, alertAfter);
  }

  #place(part) {
    style(this.#fill, "width", `${placed(part)}%`);
    style(this.#oldest, "inset-inline-start", `${placed(part)}%`);
  }

  #bounds(sla, alertAfter) {
    const part = (alertAfter ?? 0) / sla;
    say(this.#sla.firstChild, duration(sla));
    set(this.#alert, "hidden", part <= 0 || part >= 1);
    style(this.#alert, "inset-inline-start", `${placed(part)}%`);
    say(this.#alert.firstChild, part < APART || part > 1 - APART ? "" : `alert ${duration(alertAfter)}`);
  }
}

const placed = (part) => (part <= 1 ? part * DEADLINE : 100 - (100 - DEADLINE) / part);
