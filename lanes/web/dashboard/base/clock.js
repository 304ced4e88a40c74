/* What time it is, by the server's clock: this machine's may be wrong, and deadlines are the server's.

   Times on the page are <time> elements that say how long ago they are, or what is left, and have the instant itself as
   their title. `retell` brings all of them up to date. */

import { el, say, set } from "./dom.js";
import { age } from "./units.js";

let ahead = 0;

const exactly = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "long" });
const WORDS = {
  ago: (since) => age(since),
  left: (since) => (since <= 0 ? age(-since) : `${age(since)} over`),
};

/** The server said that it is `instant` now. */
export function heard(instant) {
  ahead = Date.parse(instant) - Date.now();
}

/** Now, in Unix time. */
export const now = () => (Date.now() + ahead) / 1000;

/** An element that says how long ago an instant is (`ago`), or how much time is left until it (`left`). */
export function when(instant, kind = "ago") {
  const node = el("time", { "data-kind": kind });
  at(node, instant);
  return node;
}

/** Let a <time> be about this instant: RFC 3339, or Unix time. */
export function at(node, instant) {
  const date = new Date(typeof instant === "number" ? instant * 1000 : instant);
  const valid = !Number.isNaN(date.getTime());
  if (valid && node.dateTime !== date.toISOString()) {
    set(node, "datetime", date.toISOString());
    set(node, "title", `${exactly.format(date)} (${date.toISOString()})`);
  }
  tell(node);
}

/** Bring every <time> of the page up to date. */
export function retell() {
  for (const node of document.querySelectorAll("time[data-kind]")) tell(node);
}

function tell(node) {
  const since = now() - Date.parse(node.dateTime) / 1000;
  if (Number.isNaN(since)) return;
  say(node, WORDS[node.dataset.kind](node.dataset.kind === "ago" ? Math.max(since, 0) : since));
  if (node.dataset.kind === "left") set(node, "class", since > 0 ? "bad" : null);
}
