/** Holds the state of consent, opens and closes the core's gate by it, and tells the server of changes. */

import { chosen, isSame, PURPOSES, SOURCES, unasked, word } from "./state.js";

/** As the core has them; its own 0 is a gate that nobody ever closed. */
export const OPEN = -1;
export const WAITING = 1;
export const DENIED = 2;

/** Tells the core to send also in the pause after a failure: where its end fell into a closed gate nobody takes it up. */
const AT_ONCE = NaN;

/**
 * `core`: {decide, record, flush, view, queue}; `isFirst`: nothing was sent yet; `mayWait`: nothing goes out until there
 * is a choice; `forget`: deletes what is kept on the device; `restore`: brings it into the queue, as the gate opens and
 * not sooner, since the page may be left first. Until `begin` choices only add up: the page gets one state to begin with.
 */
export function gatekeeper(core, { isFirst, mayWait, forget, restore }) {
  let state = unasked(navigator);
  let told = state; // what the server knows, where it knows anything
  let gate = WAITING;
  const ranks = { analytics: 0, marketing: 0 }; // of the source that chose it last
  let hasBegun = false;
  let hasSent = !isFirst;
  let isTelling = false;

  /** The one event that goes out although analytics was denied. */
  function tell() {
    isTelling = true;
    core.record("event", { interactive: false }, "consent");
    isTelling = false;
  }

  /** Send what waits, but not sooner than the core would by itself: half a second after the page view. */
  function send(how) {
    const [batch] = core.queue;
    const wait = batch ? Math.min(500, batch.events[0].at + 500 - Date.now()) : 0;
    if (wait > 0 && !document.hidden) setTimeout(core.flush, wait, how);
    else core.flush(how);
  }

  function enter(next) {
    const from = gate;
    if (from === OPEN) core.flush(1); // what was recorded until now falls under the state before
    state = next;
    gate = next.analytics === "denied" ? DENIED : mayWait && !next.analytics ? WAITING : OPEN;
    const page = core.decide(next, gate)[5];
    if (gate === DENIED) {
      core.queue.splice(0);
      forget();
    }
    // What waited was held back for this very choice and falls under it; what was tried before stays as it was.
    if (from === WAITING) core.queue.filter((batch) => !batch.sent_at).forEach((batch) => (batch.consent = next));
    if (from !== OPEN && gate === OPEN) restore();
    if (from === DENIED && gate === OPEN) resume(page);
    else if (hasSent && !isSame(told, next)) tell();
    if (gate === DENIED) core.flush(1);
    else if (gate === OPEN) send(from === WAITING ? AT_ONCE : undefined);
    told = next;
    hasSent = hasSent || gate === OPEN;
  }

  function resume({ url, referrer, title }) {
    core.view({ url, referrer, title });
    setTimeout(core.flush, 500, AT_ONCE);
  }

  /**
   * `by`: one of SOURCES; `given`: {analytics, marketing, text_version}. Who speaks of one purpose only has no say in the
   * other: it stays with whom it is with. Where nothing is left that was chosen nothing changes.
   */
  function choose(by, given) {
    const rank = SOURCES.indexOf(by);
    const heard = PURPOSES.filter((purpose) => word(given[purpose]) && rank >= ranks[purpose]);
    if (!heard.length) return;
    const choice = { text_version: given.text_version };
    for (const purpose of heard) {
      ranks[purpose] = rank;
      choice[purpose] = given[purpose];
    }
    const next = chosen(state, by, choice, Date.now());
    if (hasBegun) enter(next);
    else state = next;
  }

  /** A default that denies analytics: wait for the choice that follows it, unless there was one. */
  function wait() {
    if (ranks.analytics || mayWait) return;
    mayWait = true;
    if (hasBegun) enter(state);
  }

  function begin() {
    hasBegun = true;
    enter(state);
  }

  return {
    choose,
    wait,
    begin,
    isOpen: () => gate === OPEN,
    isDenied: () => gate === DENIED,
    isShut: () => gate === DENIED && !isTelling,
    state: () => state,
  };
}
