/* What came of something, in a corner, for as long as it takes to read it; a failure stays until it is closed. */

import { el } from "../base/dom.js";
import { icon } from "../base/svg.js";

/** Seconds that good news stay. */
const STAY = 8;

/** Say that something was done. */
export function done(text) {
  const node = show("done", "good", text);
  setTimeout(() => node.remove(), STAY * 1000);
}

/** Say that something was not. */
export const failed = (text) => show("failed", "critical", text);

function show(kind, sign, text) {
  const close = el("button", { type: "button", class: "words", onclick: () => node.remove() }, "Close");
  const node = el("div", { class: "toast", "data-kind": kind }, icon(sign), el("p", {}, text), close);
  document.getElementById("toasts").append(node);
  return node;
}
