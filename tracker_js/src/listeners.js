/** What the tracker listens to: on the window in the capture phase, which also hears what doesn't bubble. */

let listeners = {
  scroll: look,
  visibilitychange: (e) => {
    pulse();
    document.hidden && recordEngagement();
    flush(1);
  },
  keydown: pulse,
  pointerdown: pulse,
  pointermove: pulse,
  popstate: moved,
  online: (e) => flush(1),
  pagehide: (e) => flush(1),
  pageshow: (e) => e.persisted && view(),
  prerenderingchange: start,
};

// The name is taken over because a new one costs bytes; 1 is true.
for (script in listeners) addEventListener(script, safe(listeners[script]), 1);

document.prerendering || start();
