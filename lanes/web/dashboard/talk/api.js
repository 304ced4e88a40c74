/* Asking the API.

   Contract: addresses are relative to the page, so that it may be served under a path of somebody's web server. What is
   asked for bears the token, if there is one. Failure: a `Problem` with the API's own words (RFC 9457); where there was
   no answer at all its status is 0. A 401 is also told to whoever listens to `refused`. */

import { token } from "./token.js";

/** Tells of answers that a token is needed. */
export const refused = new EventTarget();

/** What the API could not do, in its words. */
export class Problem extends Error {
  constructor(status, title, detail, retryAfter = null) {
    super(detail || title);
    this.status = status;
    this.title = title;
    this.retryAfter = retryAfter;
  }
}

/** Seconds after which a plain question is given up. */
const PATIENCE = 20;

/** The JSON that is at `path`, a list of its parts. */
export async function get(path, query = {}) {
  return (await ask(path, { query })).json();
}

/** What came of an order. */
export async function post(path, body) {
  const headers = { "Content-Type": "application/json" };
  return (await ask(path, { method: "POST", headers, body: JSON.stringify(body) })).json();
}

/** The answer itself, to be read as it comes; `signal` ends it. */
export const open = (path, signal) => ask(path, { signal });

/** Who may do what; asked with a token that is only tried. */
export const whoami = (tried) => ask(["whoami"], {}, tried).then((answer) => answer.json());

async function ask(path, { query = {}, headers = {}, signal, ...rest }, tried = null) {
  const bearer = tried ?? token();
  const answer = await fetch(address(path, query), {
    ...rest, cache: "no-store", signal: signal ?? AbortSignal.timeout(PATIENCE * 1000),
    headers: bearer ? { ...headers, Authorization: `Bearer ${bearer}` } : headers,
  }).catch((error) => {
    const late = error.name === "TimeoutError";
    throw new Problem(0, "No answer", late ? "The API did not answer in time." : "The API does not answer.");
  });
  if (answer.ok) return answer;
  const problem = await read(answer);
  if (problem.status === 401 && tried === null) refused.dispatchEvent(new Event("refused"));
  throw problem;
}

function address(path, query) {
  const url = new URL(`api/v1/${path.map(encodeURIComponent).join("/")}`, document.baseURI);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return url;
}

async function read(answer) {
  const told = await answer.json().catch(() => ({}));
  const wait = Number.parseInt(answer.headers.get("Retry-After") ?? "", 10);
  const retryAfter = Number.isNaN(wait) ? null : wait;
  return new Problem(answer.status, told.title ?? `HTTP ${answer.status}`, told.detail ?? "", retryAfter);
}
