/** What the tracker listens to: on the window in the capture phase, which also hears what doesn't bubble. */

let listeners = {
  keydown: pulse,
  pointerdown: pulse,
  pointermove: pulse,
  prerenderingchange: start,
  hashchange: heed,
  pagehide: (e) => flush(1),
  load,
  pageshow: (e) => e.persisted && view({}),
  popstate: moved,
  online: (e) => flush(1),
  visibilitychange: (e) => {
    document.hidden ? recordEngagement() : pulse();
    flush(1);
  },
  scroll: look,
};

for (let e in listeners) addEventListener(e, safe(listeners[e]), 1);

document.prerendering || start();
