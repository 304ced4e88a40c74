/* The question before anything is done: what exactly will be, and why it is wanted. */

import { el } from "../base/dom.js";
import { Dialog } from "./dialog.js";

/** Ask; why it is wanted (perhaps empty), or null if it is not. `says` are nodes or texts, a paragraph each. */
export function confirmed({ title, says, word }) {
  const dialog = new Dialog("confirm", "narrow");
  const why = el("input", { type: "text", id: "why", maxlength: "200", autocomplete: "off",
    placeholder: "a ticket, a name, a reason" });
  const form = el("form", { method: "dialog", id: "confirm-form", class: "field" },
    el("label", { for: "why" }, "Why? It is kept with the order, for who comes after you."), why);
  dialog.title.append(title);
  dialog.body.append(...says.map((paragraph) => el("p", {}, ...[paragraph].flat())), form);
  dialog.foot.append(el("button", { type: "button", onclick: () => dialog.node.close("") }, "Cancel"),
    el("button", { type: "submit", class: "main", form: form.id, value: "yes" }, word));
  dialog.open();
  why.focus();
  return new Promise((resolve) => {
    dialog.node.addEventListener("close", () => {
      resolve(dialog.node.returnValue === "yes" ? why.value.trim() : null);
      dialog.node.remove();
    });
  });
}
