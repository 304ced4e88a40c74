/* Tables with a caption and headings. Narrow screens show rows as cards (style/tables.css), which would take their
   meaning from tables in some browsers, so the roles are written down. */

import { el } from "./dom.js";

/** A table; `headings` are `{ name, number }`. What is shown goes into its `tbody` elements. */
export function table(kind, caption, headings) {
  const cells = headings.map(({ name, number }) =>
    el("th", { role: "columnheader", scope: "col", class: number ? "number" : null }, name));
  return el("table", { role: "table", class: kind },
    el("caption", { class: "hidden" }, caption),
    el("thead", { role: "rowgroup" }, el("tr", { role: "row" }, ...cells)));
}

/** A group of rows. */
export const body = (...rows) => el("tbody", { role: "rowgroup" }, ...rows);

/** A row. */
export const row = (attributes, ...cells) => el("tr", { role: "row", ...attributes }, ...cells);

/** A cell; `label` is what a narrow screen shows before it. */
export function cell(content, { label = null, kind = null, span = null } = {}) {
  const parts = Array.isArray(content) ? content : [content];
  return el("td", { role: "cell", "data-label": label, class: kind, colspan: span }, ...parts);
}
