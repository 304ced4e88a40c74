/* Watching: an overview each second while the page is looked at.

   Contract: `overview` is called with each one; `state` with how it goes whenever that changes, and each second while
   it is stale, with the seconds since anything was heard and why:
     live      by a stream
     polling   by asking, because as many as may watch do already
     stale     nothing was heard for a while, and why, if that is known
     token     a token is needed: nothing more is tried
     hidden    nobody looks: nothing is asked

   Failure is tried again, later each time and never in step with others; a stream that has gone quiet is given up. */

import { get, open, Problem } from "./api.js";
import { events } from "./events.js";

/** Seconds of silence after which what is shown is stale, and after which a stream is given up. */
const STALE = 4;
const SILENT = 12;
/** Seconds between looks while there is no stream to be had, and until one is asked for again. */
const POLL = 5;
const AGAIN = 30;
/** Seconds until a failure is tried again: the first time, and at most. */
const FIRST = 1;
const MOST = 15;

export class Watch {
  #told;
  #state = "connecting";
  #why = "";
  #heardAt = null;
  /** When the stream last gave a sign of life; null while there is none. */
  #signAt = null;
  #ending = new AbortController();

  constructor(told) {
    this.#told = told;
    document.addEventListener("visibilitychange", () => this.begin());
    setInterval(() => this.#look(), 1000);
    this.begin();
  }

  /** Begin anew, or stop if nobody looks. */
  begin() {
    this.#ending.abort();
    if (document.visibilityState === "hidden") return this.#become("hidden");
    if (this.#state === "hidden" && this.#heardAt !== null) this.#heardAt = performance.now();
    this.#ending = new AbortController();
    return this.#run(this.#ending.signal);
  }

  async #run(signal) {
    for (let wait = FIRST; !signal.aborted; wait = Math.min(wait * 2, MOST)) {
      const problem = await this.#tried(signal);
      if (signal.aborted) return;
      if (problem?.status === 401) return this.#become("token");
      if (this.#quiet() < STALE) wait = FIRST;
      this.#why = words(problem);
      await pause(problem?.retryAfter ?? wait * (0.75 + Math.random() / 2), signal);
    }
  }

  /** Watch as long as it goes; why it ended, if that was a failure. */
  async #tried(signal) {
    const problem = await this.#stream(signal).catch((failure) => failure);
    this.#signAt = null;
    if (problem?.status !== 503) return problem;
    return this.#poll(signal, problem.retryAfter ?? AGAIN).catch((failure) => failure);
  }

  async #stream(signal) {
    this.#signAt = performance.now();
    for await (const { type, data } of events(await open(["live"], signal))) {
      if (signal.aborted) return;
      this.#signAt = performance.now();
      if (type === "overview") this.#heard(JSON.parse(data), "live");
      if (type === "problem") this.#why = JSON.parse(data).detail;
    }
  }

  async #poll(signal, seconds) {
    for (const end = performance.now() + seconds * 1000; performance.now() < end; await pause(POLL, signal)) {
      const overview = await get(["overview"]);
      if (signal.aborted) return;
      this.#heard(overview, "polling");
    }
  }

  #heard(overview, how) {
    this.#heardAt = performance.now();
    this.#why = "";
    this.#become(how);
    try {
      this.#told.overview(overview);
    } catch (error) {
      reportError(error); // who shows it is at fault, not who sent it
    }
  }

  #become(state) {
    if (state === this.#state) return;
    this.#state = state;
    this.#told.state(state, this.#quiet(), this.#why);
  }

  #quiet() {
    return this.#heardAt === null ? null : (performance.now() - this.#heardAt) / 1000;
  }

  #look() {
    if (this.#state === "hidden" || this.#state === "token") return;
    const quiet = this.#quiet();
    const patience = this.#state === "polling" ? STALE + POLL : STALE;
    if (quiet === null ? this.#why : quiet > patience) this.#become("stale");
    if (this.#state === "stale") this.#told.state("stale", quiet, this.#why);
    if (this.#signAt !== null && performance.now() - this.#signAt > SILENT * 1000) this.begin();
  }
}

function words(problem) {
  if (problem instanceof Problem) return problem.message;
  return problem ? "The connection broke." : "The stream has ended.";
}

const pause = (seconds, signal) => new Promise((resolve) => {
  const timer = setTimeout(resolve, seconds * 1000);
  signal.addEventListener("abort", () => { clearTimeout(timer); resolve(); }, { once: true });
});
