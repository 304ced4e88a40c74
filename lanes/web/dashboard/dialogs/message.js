/* One message, up to date while it is open: what is known of it, why it is where it is, what can be done with it. */

import { at, when } from "../base/clock.js";
import { el, foreign, say, set } from "../base/dom.js";
import { count } from "../base/units.js";
import { get } from "../talk/api.js";
import { evidence } from "../parts/evidence.js";
import { STATES, swatch } from "../parts/band.js";
import { ACTIONS, actOnMessage } from "./act.js";
import { Dialog } from "./dialog.js";

/** Seconds between two looks at an open message. */
const EVERY = 3;

export class MessageDialog {
  #dialog = new Dialog("message");
  #id = "";
  #shown = "";
  #error = el("p", { class: "dialog-error", role: "status" });

  /** `operate`: whether orders may be given. */
  constructor({ operate }) {
    this.operate = operate;
    const isSeen = () => this.#dialog.node.open && document.visibilityState === "visible";
    setInterval(() => isSeen() && this.#refresh(), EVERY * 1000);
  }

  /** Show a message. */
  async show(id) {
    this.#id = id;
    this.#shown = "";
    this.#dialog.title.replaceChildren(foreign(id));
    this.#dialog.body.replaceChildren(this.#error, el("p", { class: "empty" }, "Looking …"));
    this.#dialog.foot.replaceChildren();
    say(this.#error, "");
    this.#dialog.open();
    await this.#refresh();
  }

  async #refresh() {
    const id = this.#id;
    const found = await get(["messages", id]).catch((problem) => problem);
    if (id !== this.#id) return;
    say(this.#error, found instanceof Error ? found.message : "");
    if (found instanceof Error) this.#dialog.body.querySelector(".empty")?.remove();
    else if (this.#shown !== JSON.stringify(found)) this.#tell(found);
  }

  #tell(message) {
    this.#shown = JSON.stringify(message);
    const focus = document.activeElement?.dataset?.action;
    this.#dialog.title.replaceChildren(foreign(message.subject || "(no subject)"));
    set(this.#dialog.title, "class", "long");
    this.#dialog.body.replaceChildren(this.#error, facts(message),
      el("h3", {}, "Why it is in this lane"), evidence(message.evidence));
    this.#dialog.foot.replaceChildren(...(this.operate ? this.#buttons(message) : []));
    this.#dialog.foot.querySelector(`[data-action="${focus}"]`)?.focus();
  }

  #buttons(message) {
    const offered = Object.entries(ACTIONS).filter(([, { states }]) => states.includes(message.state));
    return offered.map(([action, { word }]) => el("button", { type: "button", "data-action": action,
      class: action === "release" ? "main" : null, onclick: () => this.#act(action, message) }, `${word}…`));
  }

  async #act(action, message) {
    if (await actOnMessage(action, message)) await this.#refresh();
  }
}

/** The first few by name. */
function recipients({ to, domain, recipients: all }) {
  const names = to.length ? to : [domain];
  const more = all > names.length ? ` and ${count(all - names.length)} more` : "";
  return el("span", {}, ...names.flatMap((name, place) => [place ? ", " : "", foreign(name)]), more);
}

function facts({ id, state, lane, deadline, accepted, sender, relay, ...message }) {
  const due = when(deadline, "left");
  const rows = [
    ["State", el("span", { class: "chip" }, state in STATES ? swatch(state) : "", STATES[state] ?? state)],
    ["Lane", lane],
    ["Deadline", el("span", {}, due, state === "settled" ? "" : " left")],
    ["Accepted", el("span", {}, when(accepted), " ago")],
    ["Relay", relay ? foreign(relay) : "the MTA's own"],
    ["Queue id", el("span", { class: "id" }, id)],
    ["Sender", foreign(sender || "<>")],
    ["For", recipients(message)],
  ];
  at(due, deadline);
  const pairs = rows.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value)));
  return el("dl", { class: "facts" }, ...pairs);
}
