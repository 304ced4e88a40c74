/* Asking for a token, where the API wants one. One that it takes is kept in this tab, and the page begins anew. */

import { el, say } from "../base/dom.js";
import { whoami } from "../talk/api.js";
import { forget, keep, token } from "../talk/token.js";
import { Dialog } from "./dialog.js";

/** Ask until there is one that the API takes. */
export class TokenDialog {
  #dialog = new Dialog("token", "narrow");
  #field = el("input", { type: "password", id: "token-field", autocomplete: "off", required: true });
  #error = el("p", { class: "dialog-error", role: "status" });

  constructor() {
    const form = el("form", { id: "token-form", class: "field", onsubmit: (event) => this.#try(event) },
      el("label", { for: "token-field" }, "Token"), this.#field);
    this.#dialog.title.append("Who are you?");
    this.#dialog.body.append(
      el("p", {}, "This server answers only who has a token. ", el("code", {}, "lanes token NAME"), " makes one."),
      form, this.#error,
      el("p", { class: "muted small" }, "It is kept in this tab only, and forgotten with it."));
    this.#dialog.foot.append(el("button", { type: "submit", class: "main", form: form.id }, "Use this token"));
  }

  /** Ask. */
  ask() {
    if (this.#dialog.node.open) return;
    say(this.#error, token() ? "The API does not take the token that this tab had." : "");
    forget();
    this.#dialog.open();
    this.#field.focus();
  }

  async #try(event) {
    event.preventDefault();
    const tried = this.#field.value.trim();
    say(this.#error, "");
    try {
      await whoami(tried);
    } catch (problem) {
      return say(this.#error, problem.message);
    }
    keep(tried);
    return location.reload();
  }
}

/** Forget the token; the page begins anew, and asks for another. */
export function signOut() {
  forget();
  location.reload();
}
