/* Light or dark: as the system has it, until somebody chooses, which is remembered. Runs before the page is drawn. */

const NAME = "lanes-theme";
const NEXT = { system: "light", light: "dark", dark: "system" };
const WORDS = { system: "Theme: system", light: "Theme: light", dark: "Theme: dark" };

const chosen = () => (localStorage.getItem(NAME) in NEXT ? localStorage.getItem(NAME) : "system");

function apply() {
  document.documentElement.dataset.theme = chosen();
}

/** Let a button change the theme, and say which it is. */
export function themeButton(button) {
  const told = () => { button.textContent = WORDS[chosen()]; };
  button.addEventListener("click", () => {
    localStorage.setItem(NAME, NEXT[chosen()]);
    apply();
    told();
  });
  told();
}

apply();
