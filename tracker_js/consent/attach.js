/** The consent part: holds the state, hears the page and its consent tools, and opens or closes the core's gate. */

import { matchOf } from "./match.js";
import { post } from "./post.js";
import { chosen, isSame, SOURCES, unasked } from "./state.js";
import { keepFor } from "./storage.js";
import { dataLayerReader, follow, tcfListener } from "./tools.js";

const OPEN = 0;
const WAITING = 1;
const DENIED = 2;

/** `core`: {decide, record, pageId}, as the core hangs it on the script element. */
export function attach({ decide, record, pageId }) {
  let state = unasked(navigator);
  let told = state; // what the server knows, where it knows anything
  const [queue, calls, options, flush, view] = decide(state, WAITING);
  if (!queue || !calls || calls.isHeard) return; // nothing is counted here, or this is here already
  calls.isHeard = true;

  const isFirst = queue.some((batch) => !batch.sent_at && batch.events.some((event) => event.id === pageId));
  const warn = once("debug" in options ? console.warn : () => {});
  const stored = "storage" in options && keepFor(options.siteId, pageId);
  let gate = WAITING;
  let mayWait = options.consent === "required"; // nothing goes out until there is a choice
  let rank = 0;
  let isStarted = false; // until then choices only add up: the page gets one state to begin with
  let hasSent = !isFirst;

  /** Read when an event is sent, and again should it have to be sent again. */
  const match = { toJSON: () => (state.marketing === "granted" ? matchOf(document.cookie) : undefined) };

  /** What can be a conversion gets it: an event that isn't one that happened by itself. */
  const conversions = (batch) => {
    const mark = (event) => {
      if (event.kind === "event" && event.interactive !== false) event.match = match;
    };
    batch.events.forEach(mark);
    batch.events.push = (event) => {
      mark(event);
      return Array.prototype.push.call(batch.events, event);
    };
    return batch;
  };
  queue.forEach(conversions);
  queue.push = (batch) => Array.prototype.push.call(queue, conversions(batch));

  function enter(next) {
    const from = gate;
    state = next;
    gate = next.analytics === "denied" ? DENIED : mayWait && !next.analytics ? WAITING : OPEN;
    const page = decide(next, gate)[5]; // sends what was recorded until now, if the gate was open
    if (gate === DENIED) {
      queue.splice(0);
      if (stored) stored.purge();
    }
    // What waited was held back for this very choice and falls under it; what was tried before stays as it was.
    if (from === WAITING) queue.filter((batch) => !batch.sent_at).forEach((batch) => (batch.consent = next));
    if (from === DENIED && gate === OPEN) view(page);
    else if (hasSent && !isSame(told, next)) record("event", { interactive: false }, "consent");
    flush(gate === DENIED ? 1 : 0);
    told = next;
    hasSent = hasSent || gate === OPEN;
  }

  function choose(by, given) {
    if (by < rank) return;
    rank = by;
    const next = chosen(state, SOURCES[by], given, Date.now());
    if (isStarted) enter(next);
    else state = next;
  }

  /** A default that denies: wait for the choice that follows it, unless there is one. */
  function wait() {
    if (rank || mayWait) return;
    mayWait = true;
    if (isStarted) enter(state);
  }

  function obey([command, given] = ["consent", {}]) {
    delete given.page_id;
    if (command === "xhr") post(given[0], given[1], () => gate !== DENIED);
    else if (command === "consent") choose(SOURCES.indexOf("api"), given);
    else if (command !== "identify") warn(`beacon: "${command}" is no command, or lacks its name`);
    else if (state.analytics === "granted") record("identify", { user: given });
    else warn("beacon: identify needs analytics consent");
  }

  if ("dnt" in options && state.dnt) {
    decide(state, DENIED);
    queue.splice(0);
    return;
  }
  calls.splice(0).filter(Boolean).forEach(obey);
  calls.push = obey;
  if (options.cmp !== "off") {
    const readLayer = dataLayerReader(
      () => self.dataLayer,
      (read) => (read.wait ? wait() : choose(SOURCES.indexOf("gcm"), read)),
    );
    const listenTcf = tcfListener(
      () => self.__tcfapi,
      (choice) => choose(SOURCES.indexOf("tcf"), choice),
    );
    follow(() => {
      listenTcf();
      readLayer();
    });
  }
  isStarted = true;
  if (stored && state.analytics !== "denied") stored.take(Date.now()).forEach((batch) => queue.push(batch));
  enter(state);
  if (stored) stored.follow(() => (gate === OPEN ? queue : []));
}

/** Say each text one time. */
function once(say) {
  const said = new Set();
  return (text) => said.has(text) || (said.add(text) && say(text));
}
