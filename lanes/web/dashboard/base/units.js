/* Numbers as people read them. Durations are as the settings write them (`5m`, `1h 30m`), so that a value can be found
   again there; shares are rounded down, because 99.96 % of a promise is not 100 %. What is not known is a dash. */

export const NONE = "–";

const grouped = new Intl.NumberFormat("en");
const short = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 });
const UNITS = [["d", 86400], ["h", 3600], ["m", 60], ["s", 1]];

/** 48,211; from a million on 1.23M. */
export const count = (number) => (number < 1e6 ? grouped : short).format(number);

/** `1 message`, `2 messages`. */
export const counted = (number, word) => `${count(number)} ${word}${number === 1 ? "" : "s"}`;

/** Seconds as they are in the settings: 0.42s, 12s, 3m 20s, 2h 5m, 4d. */
export function duration(seconds) {
  if (seconds === null || seconds === undefined) return NONE;
  return seconds < 9.995 ? `${trimmed(Math.max(seconds, 0))}s` : parts(Math.round(seconds)).join(" ");
}

const trimmed = (seconds) => seconds.toFixed(seconds < 1 ? 2 : 1).replace(/\.?0+$/, "");

/** How long something lasts already, or still, no more exactly than is of use: 12s, 3m 20s, 43m, 2h 5m. */
export function age(seconds) {
  if (seconds === null || seconds === undefined) return NONE;
  const [first, second = ""] = parts(Math.floor(Math.max(seconds, 0)));
  return Number.parseInt(first, 10) < 10 && second ? `${first} ${second}` : first;
}

/** The two largest units of whole seconds. */
function parts(seconds) {
  const first = Math.max(UNITS.findIndex(([, size]) => seconds >= size), 0);
  let left = seconds;
  const told = UNITS.slice(first, first + 2).map(([name, size]) => {
    const whole = Math.floor(left / size);
    left %= size;
    return whole ? `${whole}${name}` : "";
  });
  return told.some(Boolean) ? told.filter(Boolean) : ["0s"];
}

/** 0.9942 as 99.4 %. */
export function share(part) {
  if (part === null || part === undefined) return NONE;
  return `${(Math.floor(part * 1000 + 1e-9) / 10).toFixed(1).replace(/\.0$/, "")}\u00a0%`;
}

/** An hour of the day. */
export const hour = (number) => String(number).padStart(2, "0");
