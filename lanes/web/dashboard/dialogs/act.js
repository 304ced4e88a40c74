/* Giving orders: each is confirmed, given, and told what came of it. What an order does to which messages is said in
   lanes/jobs/orders.py; the words here say the same.

   Contract: `act...` resolves to whether the order was given, and then `ordered` tells of it, too. Failure is shown, in
   the API's words. */

import { foreign } from "../base/dom.js";
import { counted } from "../base/units.js";
import { post } from "../talk/api.js";
import { confirmed } from "./confirm.js";
import { done, failed } from "./toast.js";

/** Tells that an order was given. */
export const ordered = new EventTarget();

const LIVE = ["held", "kept", "deferred", "inflight"];
const NOTHING = "Nothing was done: the message was in no state for it, or in the last lane.";

/** What can be done with a message, in which states, and what that means. */
export const ACTIONS = {
  release: { word: "Release", past: "Released", states: ["held", "kept"],
    says: "It leaves the hold queue now, before its turn, and is delivered as soon as its destination takes it." },
  promote: { word: "Promote", past: "Promoted", states: LIVE,
    says: "It moves one lane up and gets that lane's deadline. Held mail that had a relay of its own takes the default "
      + "road, under a new queue id." },
  demote: { word: "Demote", past: "Demoted", states: LIVE,
    says: "It moves one lane down and gets that lane's deadline." },
  hold: { word: "Hold", past: "On hold", states: ["held", "inflight", "deferred"],
    says: "It stays on hold until somebody releases it, whatever its deadline." },
};

/** Do something with a message. */
export function actOnMessage(action, { id, subject, lane }) {
  const { word, past, says } = ACTIONS[action];
  return give(["messages", id, action], {
    title: `${word} this message?`, word,
    says: [["Message ", foreign(id), ` of lane ${lane}: `, foreign(subject || "(no subject)")], says],
    told: (count) => (count === 0 ? NOTHING : `${past}: ${id}.`),
  });
}

/** Pause a lane, or let a paused one go on. */
export function actOnLane(lane, paused) {
  return give(["lanes", lane, paused ? "resume" : "pause"], {
    title: paused ? `Resume lane ${lane}?` : `Pause lane ${lane}?`,
    word: paused ? "Resume" : "Pause",
    says: paused ? ["What is held in it may go again, by deadline, as there is room."]
      : ["All new mail of this lane is held, and none of it is let go, until the lane is resumed. Deadlines go on.",
        "Other lanes are not touched, and what is in flight already is not called back."],
    told: () => `Lane ${lane} ${paused ? "goes on" : "is paused"}.`,
  });
}

/** Pause a recipient domain in every lane, or let it go on. */
export function actOnDomain(domain, action) {
  return give(["domains", domain, action], {
    title: action === "pause" ? "Pause this domain?" : "Resume this domain?",
    word: action === "pause" ? "Pause" : "Resume",
    says: [["Domain ", foreign(domain), ", in every lane."], action === "pause"
      ? "All new mail for it is held, and none of it is let go, until it is resumed. Deadlines go on."
      : "What is held for it may go again, by deadline, as there is room."],
    told: () => `Domain ${domain} ${action === "pause" ? "is paused" : "goes on"}.`,
  });
}

async function give(path, { told, ...question }) {
  const why = await confirmed(question);
  if (why === null) return false;
  try {
    say(await post(path, { why }), told);
  } catch (problem) {
    failed(`Nothing was ordered. ${problem.message}`);
    return false;
  }
  ordered.dispatchEvent(new Event("ordered"));
  return true;
}

function say({ status, messages }, told) {
  if (status === "done") done(told(messages) + (messages > 1 ? ` (${counted(messages, "message")})` : ""));
  else if (status === "ordered") failed("Ordered, but no worker has answered yet. Is `lanes worker` running?");
  else failed("The worker could not do it; its log says why.");
}
