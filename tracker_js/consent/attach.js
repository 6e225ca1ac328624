/** The consent part: hears the page, its consent tools and the core, and lets the gatekeeper decide. */

import { gatekeeper, DENIED, OPEN, WAITING } from "./gatekeeper.js";
import { heed } from "./ignore.js";
import { onPush, watch } from "./lists.js";
import { conversionMarker } from "./match.js";
import { post } from "./post.js";
import { split } from "./split.js";
import { keepFor } from "./storage.js";
import { unasked } from "./state.js";
import { followTools } from "./tools.js";

/** `core`: {decide, record, pageId}, as the core hangs it on the script element. */
export function attach({ decide, record, pageId }) {
  if (decide.isTaken) return;
  decide.isTaken = true;
  const isIgnored = heed(location.hash);
  const [queue, calls, options, flush, view] = decide(unasked(navigator), WAITING);
  const stored = "storage" in options && keepFor(options.siteId, pageId);
  const isUnwanted = isIgnored || ("dnt" in options && navigator.doNotTrack == 1);
  if (stored && (isUnwanted || !queue)) stored.purge();
  if (!queue) return; // nothing is counted here
  if (!calls) return void decide({}, OPEN); // nobody asked for this part
  if (isUnwanted) {
    drop(queue);
    return void flush(1); // the core says that it ignores, if it does
  }

  const isFirst = queue.some((batch) => !batch.sent_at && batch.events.some((event) => event.id === pageId));
  const keeper = gatekeeper(
    { decide, record, flush, view, queue },
    {
      isFirst,
      mayWait: options.consent === "required",
      forget: () => stored && stored.purge(),
      restore: () => stored && stored.take(Date.now()).forEach((batch) => queue.push(batch)),
    },
  );
  const obey = commands(keeper, record, queue, once("debug" in options ? console.warn : () => {}));
  watch(queue, conversionMarker(() => keeper.state().marketing === "granted"), keeper.isShut);
  calls.splice(0).forEach(obey);
  onPush(calls, obey);
  if (options.cmp !== "off") followTools(keeper.choose, keeper.wait);
  keeper.begin();
  if (stored) stored.follow(() => (keeper.isOpen() ? queue : []));
  addEventListener("hashchange", () => {
    if (!heed(location.hash)) return;
    drop(queue);
    if (stored) stored.purge();
    flush(1);
  });
}

/** Forget what waits, and whatever comes. */
function drop(queue) {
  queue.splice(0);
  onPush(queue, () => {});
}

/**
 * Return what obeys one call: `consent` or `identify` of the page as [command, argument]; or of the core itself:
 * [[endpoint, text]], which it couldn't send, and [batch], which was too large. Nothing is none.
 */
function commands(keeper, record, queue, warn) {
  let isGone = false;
  const stop = () => {
    isGone = true;
    drop(queue);
  };
  return (call) => {
    if (!call) return;
    const [command, given] = call;
    if (call.length === 1) {
      if (command.events) split(queue, command);
      else post(command[0], command[1], { mayRetry: () => !isGone && !keeper.isDenied(), stop });
      return;
    }
    delete given.page_id; // the core's
    if (command === "consent") keeper.choose("api", given);
    else if (keeper.state().analytics === "granted") record("identify", { user: given });
    else warn("beacon: identify needs analytics consent");
  };
}

/** Say each text one time. */
function once(say) {
  const said = new Set();
  return (text) => said.has(text) || (said.add(text) && say(text));
}
