/* A native <dialog> with a head, a body and a foot. The browser keeps the focus in it, closes it by Esc, and gives the
   focus back to where it was.

   Dialogs may stand in front of each other. What is behind the foremost cannot be used, so the toasts go with it. */

import { el } from "../base/dom.js";

/** Those that are open, the foremost last. */
const opened = [];

export class Dialog {
  title = el("h2");
  body = el("div", { class: "dialog-body" });
  foot = el("div", { class: "dialog-foot" });

  constructor(id, kind = "") {
    this.title.id = `${id}-title`;
    const close = el("button", { type: "button", class: "quiet close", onclick: () => this.node.close() }, "Close");
    this.node = el("dialog", { id, class: kind, closedby: "any", "aria-labelledby": this.title.id,
      onclose: () => this.#closed() },
    el("div", { class: "dialog-head" }, this.title, close), this.body, this.foot);
    document.body.append(this.node);
  }

  /** Show it, unless it is there already. */
  open() {
    if (this.node.open) return;
    this.node.showModal();
    opened.push(this.node);
    toFront();
  }

  #closed() {
    opened.splice(opened.indexOf(this.node), 1);
    toFront();
  }
}

function toFront() {
  (opened.at(-1) ?? document.body).append(document.getElementById("toasts"));
}
