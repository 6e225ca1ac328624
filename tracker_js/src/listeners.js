/** What the tracker listens to: on the window in the capture phase, which also hears what doesn't bubble. */

let listeners = {
  keydown: pulse,
  pagehide: (e) => flush(1),
  visibilitychange: (e) => {
    document.hidden ? recordEngagement() : pulse();
    flush(1);
  },
  pointerdown: pulse,
  pageshow: (e) => e.persisted && view({}),
  online: (e) => flush(1),
  hashchange: heed,
  popstate: moved,
  pointermove: pulse,
  prerenderingchange: start,
  load,
  scroll: look,
};

for (let e in listeners) addEventListener(e, safe(listeners[e]), 1);

document.prerendering || start();
