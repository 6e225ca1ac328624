/** What the tracker listens to: on the window in the capture phase, which also hears what doesn't bubble. */

/**
 * Left or hidden, or shown again. On leaving both events come, in an order of the browser's own: the first one counts. Only
 * for good is leaving taken by `pagehide`, when nothing else may follow: sent there, it keeps a page out of Firefox's
 * back/forward cache.
 */
let leave = (e) => {
  if (document.hidden || e.persisted == 0) {
    credit && recordEngagement();
    credit = 0;
  } else pulse();
  flush(2);
};

let listeners = {
  pagehide: leave,
  // A page that was put away with a request on its way may never hear of its answer: Firefox forgets it.
  pageshow: (e) => e.persisted && view({}, (busy = 0)),
  keydown: pulse,
  pointerdown: pulse,
  pointermove: pulse,
  popstate: moved,
  load,
  online: flush,
  scroll: look,
  visibilitychange: leave,
  prerenderingchange: start,
  hashchange: wary,
};

for (let e in listeners) addEventListener(e, safe(listeners[e]), 1);

document.prerendering || start();

// Who navigates by the Navigation API calls no method of `history`. The last, because it throws where there is none.
navigation.addEventListener("currententrychange", moved);
