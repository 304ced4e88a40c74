/* Batches forming: for each recipient domain how full its batch is and how long its oldest message has waited for that.
   Whichever bar is full first lets the batch go.

   While somebody points at the table or uses it, rows stay where they are. */

import { at, when } from "../base/clock.js";
import { el, foreign, inUse, keep, say, set, style } from "../base/dom.js";
import { body, cell, row, table } from "../base/table.js";
import { age, count, duration, share } from "../base/units.js";
import { hours, ranges } from "./hours.js";

/** The part of deliveries that are put off from which it is worth a word. */
const OFTEN = 0.1;

export class Batches {
  #table = table("batches cards", "Recipient domains of lanes with batches, those with most mail first", [
    { name: "Domain" }, { name: "Gathered, of a batch" }, { name: "Oldest waits, at most" },
    { name: "In flight", number: true }, { name: "How it is" }]);
  #rows = body();
  #empty = el("p", { class: "empty" }, "No batch is forming.");

  /** `find(domain)` shows a domain's mail. */
  constructor(place, { find }) {
    this.find = find;
    this.#table.append(this.#rows);
    place.append(this.#table, this.#empty);
  }

  tell({ domains: known }) {
    const domains = known.filter(isUnderWay);
    set(this.#table, "data-lanes", new Set(domains.map(({ lane }) => lane)).size);
    set(this.#table, "hidden", domains.length === 0);
    set(this.#empty, "hidden", domains.length > 0);
    keep(this.#rows, this.#ordered(domains), { key: named, make: (domain) => this.#made(domain), tell: write });
  }

  /** In the order given; or as they stand, if that would move what somebody uses. */
  #ordered(domains) {
    if (!inUse(this.#rows)) return domains;
    const places = new Map([...this.#rows.children].map((node, place) => [node.dataset.key, place]));
    const place = (domain) => places.get(named(domain)) ?? Infinity;
    return domains.toSorted((one, other) => (place(one) === place(other) ? 0 : place(one) - place(other)));
  }

  #made({ domain, lane }) {
    const name = el("button", { type: "button", class: "words", onclick: () => this.find(domain) }, foreign(domain));
    return row({},
      cell([name, el("span", { class: "muted small lane-of" }, ` ${lane}`)], { kind: "whole" }),
      cell(measure(), { label: "gathered", kind: "bare" }), cell(measure(), { label: "oldest", kind: "bare" }),
      cell("", { label: "in flight", kind: "number" }), cell(notes()));
  }
}

const isUnderWay = ({ held, inflight, owed, closed_until: closed, paused }) =>
  held > 0 || inflight > 0 || owed > 0 || closed !== null || paused;

const named = ({ lane, domain }) => JSON.stringify([lane, domain]);

const measure = () => el("div", { class: "measure" }, el("span"), el("span", { class: "muted" }),
  el("span", { class: "bar", "aria-hidden": "true" }, el("span", { class: "fill" })));

const notes = () => el("div", { class: "notes small" },
  el("span", { class: "warn" }, "backs off for ", when(0, "left")),
  el("span"), el("span"), el("span", { class: "hours" }));

function write(node, domain) {
  const [, gathered, waited, inflight, how] = node.children;
  const { held, batch, oldest_seconds: wait, max_wait_seconds: most } = domain;
  fill(gathered.firstChild, held / batch, count(held), `of ${count(batch)}`);
  fill(waited.firstChild, wait / most, age(wait), wait === null ? "" : `of ${duration(most)}`);
  say(inflight, count(domain.inflight));
  set(inflight, "title", `${domain.streams} waves of ${domain.batch} messages may be in flight at once`);
  note(how.firstChild, domain);
}

function fill(node, part, value, bound) {
  const [reached, most, bar] = node.children;
  say(reached, value);
  say(most, bound);
  style(bar.firstChild, "width", `${Math.min(part, 1) * 100}%`);
  set(node, "data-status", part >= 1 ? "ripe" : null);
}

function note(node, domain) {
  const [closed, state, deferred, good] = node.children;
  set(closed, "hidden", !domain.closed_until);
  if (domain.closed_until) at(closed.lastChild, domain.closed_until);
  say(state, stands(domain));
  set(state, "class", domain.paused ? "warn" : null);
  say(deferred, domain.deferral_rate >= OFTEN ? `${share(domain.deferral_rate)} deferred` : "");
  if (good.dataset.of === String(domain.good_hours)) return;
  good.dataset.of = domain.good_hours;
  const known = domain.good_hours.length > 0 && domain.good_hours.length < 24;
  good.replaceChildren(...(known ? [hours(domain.good_hours), `better ${ranges(domain.good_hours)} UTC`] : []));
}

function stands(domain) {
  if (domain.paused) return "paused by order";
  if (domain.closed_until) return "";
  if (domain.failures > 0) return "is probed with one message";
  if (domain.owed > 0) return `leaves, ${count(domain.owed)} to go`;
  return domain.held >= domain.batch || domain.oldest_seconds >= domain.max_wait_seconds ? "ripe" : "gathers";
}
