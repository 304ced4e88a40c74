/* What is wrong, the gravest first, and what to do about it; or that nothing is.

   Who listens is told only of changes: which alerts there are, not how long they have been there. */

import { at, when } from "../base/clock.js";
import { el, keep, say, set } from "../base/dom.js";
import { icon } from "../base/svg.js";
import { age, count, counted, duration } from "../base/units.js";

export class Alerts {
  #ease = el("span", { class: "muted" });
  #calm = el("p", { class: "calm" }, icon("good"), el("strong", {}, "Nothing is wrong."), this.#ease);
  #list = el("ul", { class: "alert-list" });

  constructor(place, spoken) {
    this.spoken = spoken;
    place.append(this.#calm, this.#list, el("p", { class: "unknown" }, "What is wrong now is not known."));
  }

  tell({ alerts, lanes, mta }) {
    set(this.#calm, "hidden", alerts.length > 0);
    set(this.#list, "hidden", alerts.length === 0);
    say(this.#ease, atEase(lanes));
    keep(this.#list, alerts, { key: identity, make: item, tell: write });
    say(this.spoken, spoken(alerts));
    inTab(alerts, mta);
  }
}

const identity = ({ alert, labels }) => JSON.stringify([alert, labels]);

function atEase(lanes) {
  const depth = lanes.reduce((sum, lane) => sum + lane.depth, 0);
  if (depth === 0) return "No mail waits.";
  const nearest = lanes.filter((lane) => lane.oldest_seconds !== null)
    .reduce((one, other) => (used(one) > used(other) ? one : other));
  return `${counted(depth, "message")} in ${counted(lanes.length, "lane")}; nearest to its deadline: ${nearest.lane}, `
    + `${age(nearest.oldest_seconds)} of ${duration(nearest.sla_seconds)}.`;
}

const used = (lane) => lane.oldest_seconds / lane.sla_seconds;

function spoken(alerts) {
  if (alerts.length === 0) return "Nothing is wrong.";
  return `${counted(alerts.length, "alert")}: ${alerts.map((one) => `${one.severity}, ${one.summary}`).join("; ")}`;
}

/** The tab says it, too. */
function inTab(alerts, mta) {
  const title = `${alerts.length ? `(${count(alerts.length)}) ` : ""}${mta} · mta-lanes`;
  if (document.title !== title) document.title = title;
  set(document.querySelector("link[rel=icon]"), "href", alerts.length ? "static/icon-alert.svg" : "static/icon.svg");
}

function item({ severity }) {
  const words = el("p", {}, el("span", { class: "severity" }), " ", el("bdi", { class: "alert-summary" }));
  return el("li", { class: "alert" }, icon(severity === "critical" ? "critical" : "warning"), words,
    el("span", { class: "alert-since small" }, "for ", when(0)), el("p", { class: "alert-advice" }));
}

function write(node, { severity, since, summary, advice }) {
  set(node, "data-severity", severity);
  say(node.querySelector(".severity"), severity === "critical" ? "Critical" : "Warning");
  say(node.querySelector(".alert-summary"), summary);
  at(node.querySelector("time"), since);
  const words = node.querySelector(".alert-advice");
  if (words.textContent !== advice.replaceAll("`", "")) words.replaceChildren(...commands(advice));
}

/** Text in which `commands` are in backticks, as nodes. */
function commands(text) {
  return text.split("`").map((part, number) => (number % 2 ? el("code", {}, part) : part));
}
