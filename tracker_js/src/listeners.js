/** What the tracker listens to: on the window in the capture phase, which also hears what doesn't bubble. */

let listeners = {
  keydown: pulse,
  pageshow: (e) => e.persisted && view(),
  visibilitychange: (e) => {
    pulse();
    document.hidden && recordEngagement();
    flush(1);
  },
  pointerdown: pulse,
  pagehide: (e) => flush(1),
  pointermove: pulse,
  prerenderingchange: start,
  online: (e) => flush(2),
  popstate: moved,
  scroll: look,
};

// The name is taken over because a new one costs bytes; 1 is true.
for (script in listeners) addEventListener(script, safe(listeners[script]), 1);

document.prerendering || start();
