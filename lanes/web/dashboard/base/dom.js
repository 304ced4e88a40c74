/* Making and changing elements.

   Contract: text is text. What comes from mail goes into a node's textContent and nowhere else, and into a <bdi>, so
   that neither markup nor the direction of writing leaves its place. A node is written to only if that changes it,
   so what has not changed costs the browser nothing and a screen reader says it once. */

/** An element. `attributes` by name; `on...` are listeners; `false`, null and undefined leave one out. */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else set(node, name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

/** Text that somebody else wrote. */
export const foreign = (text) => el("bdi", {}, text);

/** Let a node's text be this. */
export function say(node, text) {
  const words = String(text);
  if (node.textContent !== words) node.textContent = words;
}

/** Let an attribute be this; `false`, null and undefined take it away, true leaves it empty. */
export function set(node, name, value) {
  if (value === false || value === null || value === undefined) return node.removeAttribute(name);
  const text = value === true ? "" : String(value);
  return node.getAttribute(name) === text || node.setAttribute(name, text);
}

/** Let a property of a node's style be this; through the object model, which a content security policy allows. */
export function style(node, name, value) {
  if (node.style.getPropertyValue(name) !== value) node.style.setProperty(name, value);
}

/** Let the keyed children of `parent` be those of `items`, in order: known ones are kept and told, new ones made. What
    has no key (a table's head) stays before them.

    `key` names an item, `make` gives its node, and `tell(node, item)` writes the item into it. */
export function keep(parent, items, { key, make, tell }) {
  const keyed = [...parent.children].filter((child) => "key" in child.dataset);
  const known = new Map(keyed.map((child) => [child.dataset.key, child]));
  let place = keyed[0] ?? null;
  for (const item of items) {
    const name = String(key(item));
    const node = known.get(name) ?? make(item);
    known.delete(name);
    node.dataset.key = name;
    tell(node, item);
    if (node === place) place = place.nextElementSibling;
    else parent.insertBefore(node, place);
  }
  for (const gone of known.values()) gone.remove();
}

/** Whether somebody reads or uses what is in `node` just now, so that it had better not move. */
export function inUse(node) {
  return node.matches(":hover") || node.querySelector(":focus-visible") !== null;
}
