/* A place to draw that is as wide and as high as the page lets it be: `draw(svg, width, height)` is called when that
   changes, and by `redraw`. */

import { el } from "./dom.js";
import { svg } from "./svg.js";

export class Canvas {
  #size = "";
  #width = 0;
  #height = 0;

  /** `height` is the least, in pixels. */
  constructor(height, draw) {
    this.svg = svg("svg", { "aria-hidden": "true", focusable: "false" });
    this.node = el("div", { class: "canvas" }, this.svg);
    this.node.style.minHeight = `${height}px`;
    this.draw = draw;
    new ResizeObserver(([{ contentRect }]) => this.#resized(contentRect)).observe(this.node);
  }

  /** Draw again, if there is room. */
  redraw() {
    if (this.#width > 0) this.draw(this.svg, this.#width, this.#height);
  }

  #resized({ width, height }) {
    const size = `0 0 ${Math.round(width)} ${Math.round(height)}`;
    if (size === this.#size) return;
    this.#size = size;
    [this.#width, this.#height] = [Math.round(width), Math.round(height)];
    this.svg.setAttribute("viewBox", size);
    this.redraw();
  }
}
