/** The consent part: hears the page, its consent tools and the core, and lets the gatekeeper decide. */

import { gatekeeper, DENIED, OPEN, WAITING } from "./gatekeeper.js";
import { onPush } from "./lists.js";
import { markConversions } from "./match.js";
import { post } from "./post.js";
import { keepFor } from "./storage.js";
import { unasked } from "./state.js";
import { followTools } from "./tools.js";

/** `core`: {decide, record, pageId}, as the core hangs it on the script element. */
export function attach({ decide, record, pageId }) {
  if (decide.isTaken) return;
  const [queue, calls, options, flush, view] = decide(unasked(navigator), WAITING);
  if (!queue) return; // nothing is counted here
  if (!calls) return void decide({}, OPEN); // nobody asked for this part
  decide.isTaken = true;
  if ("dnt" in options && navigator.doNotTrack == 1) {
    decide({}, DENIED);
    queue.splice(0);
    return;
  }

  const stored = "storage" in options && keepFor(options.siteId, pageId);
  const isFirst = queue.some((batch) => !batch.sent_at && batch.events.some((event) => event.id === pageId));
  const keeper = gatekeeper(
    { decide, record, flush, view, queue },
    { isFirst, mayWait: options.consent === "required", forget: () => stored && stored.purge() },
  );
  const obey = commands(keeper, record, once("debug" in options ? console.warn : () => {}));
  markConversions(queue, () => keeper.state().marketing === "granted");
  calls.splice(0).forEach(obey);
  onPush(calls, obey);
  if (options.cmp !== "off") followTools(keeper.choose, keeper.wait);
  if (stored && keeper.state().analytics !== "denied") stored.take(Date.now()).forEach((batch) => queue.push(batch));
  keeper.begin();
  if (stored) stored.follow(() => (keeper.isOpen() ? queue : []));
}

/** Return what obeys one call, [command, argument], of those that the core doesn't know; undefined is none. */
function commands(keeper, record, warn) {
  return (call) => {
    if (!call) return;
    const [command, given] = call;
    delete given.page_id; // the core's
    if (command === "xhr") post(given[0], given[1], () => !keeper.isDenied());
    else if (command === "consent") keeper.choose("api", given);
    else if (command !== "identify") warn(`beacon: "${command}" is no command, or lacks its name`);
    else if (keeper.state().analytics === "granted") record("identify", { user: given });
    else warn("beacon: identify needs analytics consent");
  };
}

/** Say each text one time. */
function once(say) {
  const said = new Set();
  return (text) => said.has(text) || (said.add(text) && say(text));
}
