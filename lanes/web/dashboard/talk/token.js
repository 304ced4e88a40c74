/* The token, while this tab lives: in sessionStorage, which no other tab or site reads and which ends with it. */

const NAME = "lanes-token";

/** The token; empty if there is none. */
export const token = () => sessionStorage.getItem(NAME) ?? "";

/** Keep it. */
export const keep = (value) => sessionStorage.setItem(NAME, value);

/** Forget it. */
export const forget = () => sessionStorage.removeItem(NAME);
