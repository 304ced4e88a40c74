/* The last decisions, and why: which lane a message got, on what evidence.

   While somebody points at the list, uses it, or has a decision open, nothing moves; how many are newer is said. */

import { when } from "../base/clock.js";
import { el, foreign, inUse, keep, say, set } from "../base/dom.js";
import { body, cell, row, table } from "../base/table.js";
import { counted } from "../base/units.js";
import { evidence, reason } from "./evidence.js";

export class Decisions {
  #table = table("decisions cards", "The last decisions, the newest first", [
    { name: "Ago", number: true }, { name: "Lane" }, { name: "Subject" }, { name: "Sender" }, { name: "Why" }]);
  #empty = el("p", { class: "empty" }, "No mail was seen yet.");

  /** `newer` is where newer ones are counted; `open(id)` shows a message. */
  constructor(place, newer, { open }) {
    this.newer = newer;
    this.open = open;
    place.append(this.#table, this.#empty);
  }

  tell({ decisions }) {
    set(this.#table, "hidden", decisions.length === 0);
    set(this.#empty, "hidden", decisions.length > 0);
    if (this.#still()) return say(this.newer, this.#behind(decisions));
    say(this.newer, "");
    return keep(this.#table, decisions, { key: ({ id }) => id, make: (one) => this.#made(one), tell: () => {} });
  }

  #still() {
    return inUse(this.#table) || this.#table.querySelector("[aria-expanded=true]");
  }

  #behind(decisions) {
    const shown = new Set([...this.#table.tBodies].map((node) => node.dataset.key));
    const newer = decisions.filter(({ id }) => !shown.has(id)).length;
    return newer ? `${counted(newer, "newer decision")}, shown when you are done here.` : "";
  }

  #made(message) {
    const detail = row({ class: "expansion", hidden: true, id: `why-${message.id}` },
      cell("", { span: 5, kind: "whole" }));
    const subject = el("button", { type: "button", class: "words", "aria-expanded": "false", "aria-controls": detail.id,
      onclick: () => this.#toggle(subject, detail, message) }, foreign(message.subject || "(no subject)"));
    return body(row({},
      cell(when(message.accepted), { kind: "number" }), cell(message.lane),
      cell(subject, { kind: "one-line whole" }), cell(foreign(message.sender || "<>"), { kind: "one-line" }),
      cell(foreign(reason(message)), { kind: "one-line" })), detail);
  }

  #toggle(button, detail, message) {
    const opened = button.getAttribute("aria-expanded") === "false";
    set(button, "aria-expanded", String(opened));
    set(detail, "hidden", !opened);
    if (opened) detail.firstChild.replaceChildren(evidence(message.evidence),
      el("button", { type: "button", onclick: () => this.open(message.id) }, "Open this message"));
  }
}
