/* Finding mail: by queue id, by somebody's address, or by domain; or the head of a lane in one state. */

import { when } from "../base/clock.js";
import { el, foreign, say } from "../base/dom.js";
import { body, cell, row, table } from "../base/table.js";
import { count, counted } from "../base/units.js";
import { get } from "../talk/api.js";
import { STATES, swatch } from "../parts/band.js";
import { actOnDomain } from "./act.js";
import { Dialog } from "./dialog.js";

const LIMIT = 50;
const DOMAIN = /^[^\s@]+\.[^\s@.]+$/;
const ON_DOMAIN = { pause: "Pause this domain…", resume: "Resume this domain…" };
const HEADINGS = [{ name: "Subject" }, { name: "State" }, { name: "Lane" }, { name: "Time left", number: true },
  { name: "Sender" }, { name: "For" }, { name: "Queue id" }];

export class Search {
  #dialog = new Dialog("search", "wide");
  /** Of type text: a field for searching would take Esc for itself. */
  #field = el("input", { type: "text", enterkeyhint: "search", id: "query", autocomplete: "off", autocapitalize: "off",
    spellcheck: "false", maxlength: "320" });
  #said = el("p", { class: "muted small", role: "status" });
  #error = el("p", { class: "dialog-error", role: "status" });
  #found = el("div");
  #asked = 0;

  /** `open(id)` shows a message; `operate`: whether orders may be given. */
  constructor({ open, operate }) {
    this.open = open;
    this.operate = operate;
    const form = el("form", { role: "search", class: "field", onsubmit: (event) => this.#submitted(event) },
      el("label", { for: "query" }, "A queue id, somebody's address, or a domain"),
      el("div", { class: "search-form" }, this.#field, el("button", { type: "submit", class: "main" }, "Search")));
    this.#dialog.title.append("Search mail");
    this.#dialog.body.append(form, this.#said, this.#error, this.#found);
  }

  /** Ask what to look for. */
  begin() {
    this.#dialog.open();
    this.#field.focus();
    this.#field.select();
  }

  /** Look for this. */
  find(query) {
    this.#field.value = query;
    this.begin();
    this.#offer(query);
    return this.#ask({ q: query, limit: LIMIT }, found);
  }

  /** Show the head of a lane in one state. */
  list(lane, state) {
    this.#field.value = "";
    this.#dialog.open();
    this.#offer("");
    return this.#ask({ lane, state, limit: LIMIT }, ({ items }) => `Lane ${lane}, ${STATES[state]}: `
      + `${items.length < LIMIT ? counted(items.length, "message") : `the first ${LIMIT}`}, in the lane's own order.`);
  }

  #submitted(event) {
    event.preventDefault();
    const query = this.#field.value.trim();
    if (query) this.find(query);
  }

  async #ask(query, words) {
    const turn = ++this.#asked;
    say(this.#said, "Looking …");
    say(this.#error, "");
    const answer = await get(["messages"], query).catch((problem) => problem);
    if (turn !== this.#asked) return;
    const failed = answer instanceof Error;
    say(this.#error, failed ? answer.message : "");
    say(this.#said, failed ? "" : words(answer));
    this.#found.replaceChildren(...(failed || answer.items.length === 0 ? [] : [this.#table(answer.items)]));
  }

  #table(messages) {
    const grown = table("found cards", "Messages found", HEADINGS);
    grown.append(body(...messages.map((message) => this.#row(message))));
    return grown;
  }

  #row({ id, subject, state, lane, deadline, sender, domain, to }) {
    const title = foreign(subject || "(no subject)");
    const left = state === "settled" ? "" : when(deadline, "left");
    return row({},
      cell(el("button", { type: "button", class: "words", onclick: () => this.open(id) }, title), { kind: "whole" }),
      cell(el("span", { class: "chip" }, state in STATES ? swatch(state) : "", STATES[state] ?? state)),
      cell(lane), cell(left, { kind: "number", label: "left" }), cell(foreign(sender || "<>"), { kind: "one-line" }),
      cell(foreign(to[0] ?? domain), { kind: "one-line" }), cell(el("span", { class: "id" }, id)));
  }

  /** What can be done with all mail for a domain. */
  #offer(query) {
    const offered = this.operate && DOMAIN.test(query) ? Object.entries(ON_DOMAIN) : [];
    this.#dialog.foot.replaceChildren(...offered.map(([action, words]) =>
      el("button", { type: "button", onclick: () => actOnDomain(query, action) }, words)));
  }
}

function found({ items, complete, looked_at: lookedAt }) {
  const words = items.length ? `${counted(items.length, "message")} found` : "Nothing was found";
  if (complete) return `${words}.`;
  return `${words}; there may be more (${count(lookedAt)} were looked at). An id finds its message for sure.`;
}
