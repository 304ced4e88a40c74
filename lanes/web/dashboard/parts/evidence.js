/* Why a message is where it is: the rules that spoke, what each saw, and what follows from it. */

import { el, foreign } from "../base/dom.js";
import { body, cell, row, table } from "../base/table.js";

/** The evidence as a table. */
export function evidence(spoke) {
  if (spoke.length === 0) return el("p", { class: "empty" }, "Nothing is on record.");
  const grown = table("evidence", "The rules that spoke", [{ name: "Rule" }, { name: "Saw" }, { name: "Says" }]);
  const cells = ({ rule, saw, says }) => [rule, saw, says].map((text) => cell(foreign(text)));
  grown.append(body(...spoke.map((one) => row({}, ...cells(one)))));
  return grown;
}

/** In a few words: the rules that spoke for the lane; else how the lane came about. */
export function reason({ lane, evidence: spoke }) {
  const forLane = spoke.filter(({ says }) => says.startsWith(`${lane} +`) || says.startsWith(`lane ${lane}`));
  const chosen = spoke.filter(({ rule }) => rule === "lane");
  return (forLane.length ? forLane.map(({ rule }) => rule) : chosen.map(({ saw }) => saw)).join(", ");
}
