/* The dashboard: puts the parts of the page together, and tells them what is heard.

   parts/ show, dialogs/ ask and act, talk/ asks the API, base/ is what all of them stand on. Parts know nothing of each
   other; what one wants of another goes through here. */

import { heard, retell } from "./base/clock.js";
import { say, set } from "./base/dom.js";
import { age } from "./base/units.js";
import { get, refused } from "./talk/api.js";
import { Watch } from "./talk/live.js";
import { token } from "./talk/token.js";
import { themeButton } from "./theme.js";
import { Alerts } from "./parts/alerts.js";
import { Batches } from "./parts/batches.js";
import { Decisions } from "./parts/decisions.js";
import { History } from "./parts/history.js";
import { Lanes } from "./parts/lanes.js";
import { Orders } from "./parts/orders.js";
import { WindowTrace } from "./parts/window.js";
import { actOnLane, ordered } from "./dialogs/act.js";
import { MessageDialog } from "./dialogs/message.js";
import { Search } from "./dialogs/search.js";
import { signOut, TokenDialog } from "./dialogs/token.js";

/** Seconds between two looks at what changes slowly: the history, and what others ordered. */
const SLOWLY = 60;
/** Seconds until it is asked again who asks. */
const RETRY = 3;
const ORDERS = 12;

const place = (id) => document.getElementById(id);

const WORDS = {
  connecting: () => "connecting",
  live: () => "live",
  polling: () => "every 5 s: as many as may watch live do already",
  stale: (quiet, why) => (quiet === null ? why : `last heard ${age(quiet)} ago. ${why}`),
  token: () => "a token is needed",
  hidden: () => "stopped while nobody looks",
};

function tellState(state, quiet, why) {
  document.body.dataset.live = state;
  say(place("live-words"), WORDS[state](quiet, why));
  set(place("enter"), "hidden", state !== "token");
}

function tellWho({ name, scope }) {
  say(place("who"), [name, scope === "operate" ? "may operate" : "may look"].filter(Boolean).join(", "));
  set(place("forget"), "hidden", token() === "");
}

function onSlash(search) {
  document.addEventListener("keydown", (event) => {
    const writes = event.target.closest("input, textarea, select")?.checkVisibility();
    if (event.key !== "/" || writes || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    search.begin();
  });
}

function build(operate) {
  const message = new MessageDialog({ operate });
  const search = new Search({ open: (id) => message.show(id), operate });
  const orders = new Orders(place("orders"));
  const lanes = new Lanes(place("lanes"), {
    list: (lane, state) => search.list(lane, state), stop: operate ? actOnLane : null });
  const history = new History(place("history"), place("history-span"), {
    budgets: (items) => lanes.tellBudgets(items) });
  async function refreshOrders() {
    const { items } = await get(["audit"], { limit: ORDERS });
    orders.tell(items);
    lanes.tellOrders(items);
  }
  ordered.addEventListener("ordered", () => refreshOrders().catch(() => {}));
  place("open-search").addEventListener("click", () => search.begin());
  onSlash(search);
  return {
    parts: [lanes, new Alerts(place("alerts"), place("alerts-said")), new WindowTrace(place("window")),
      new Batches(place("batches"), { find: (domain) => search.find(domain) }),
      new Decisions(place("decisions"), place("decisions-newer"), { open: (id) => message.show(id) })],
    slowly: () => Promise.allSettled([refreshOrders(), history.refresh()]),
  };
}

function tellOverview(parts, overview) {
  heard(overview.at);
  say(place("mta"), overview.mta);
  for (const part of parts) part.tell(overview);
  retell();
}

/** Who asks, as soon as the API says so; null where it wants a token. */
async function introduced() {
  for (;;) {
    const who = await get(["whoami"]).catch((problem) => problem);
    if (!(who instanceof Error)) return who;
    if (who.status === 401) return null;
    tellState("stale", null, who.message);
    await new Promise((resolve) => { setTimeout(resolve, RETRY * 1000); });
  }
}

async function begin() {
  themeButton(place("theme"));
  place("forget").addEventListener("click", signOut);
  const asking = new TokenDialog();
  refused.addEventListener("refused", () => asking.ask());
  place("enter").addEventListener("click", () => asking.ask());
  const who = await introduced();
  if (!who) return tellState("token");
  tellWho(who);
  const { parts, slowly } = build(who.scope === "operate");
  new Watch({ overview: (overview) => tellOverview(parts, overview), state: tellState });
  setInterval(() => document.visibilityState === "visible" && slowly(), SLOWLY * 1000);
  return slowly();
}

begin();
