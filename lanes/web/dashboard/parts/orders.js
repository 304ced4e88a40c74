/* The last orders: who had what done, and why. */

import { when } from "../base/clock.js";
import { el, foreign, keep, set } from "../base/dom.js";
import { counted } from "../base/units.js";

export class Orders {
  #list = el("ol", { class: "orders" });
  #empty = el("p", { class: "empty" }, "Nobody has ordered anything yet.");

  constructor(place) {
    place.append(this.#list, this.#empty);
  }

  tell(orders) {
    set(this.#list, "hidden", orders.length === 0);
    set(this.#empty, "hidden", orders.length > 0);
    keep(this.#list, orders, { key: JSON.stringify, make: item, tell: () => {} });
  }
}

function item({ at, who, what, why, messages, ...about }) {
  return el("li", {},
    el("p", {}, el("b", {}, foreign(what)), " ", foreign(meant(about)),
      messages ? ` (${counted(messages, "message")})` : ""),
    el("p", { class: "muted small" }, when(at), " ago by ", foreign(who), ...(why ? [": ", foreign(why)] : [])));
}

function meant({ ids = [], lane, domain, sender }) {
  const named = ids.length > 2 ? [counted(ids.length, "id")] : ids;
  const others = Object.entries({ lane, domain, sender }).filter(([, name]) => name).map((pair) => pair.join(" "));
  return [...named, ...others].join(", ");
}
