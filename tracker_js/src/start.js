/** Puts `beacon` on the page, counts the first view, and follows the page's history. */

let start = (e) => {
  e = self.beacon || 0; // the stub with the calls that came before us, if any
  // A tag that is there twice, or run again by the page's framework, counts once.
  if (!e.k) {
    self.beacon = command;
    command.k = 1;
    view(document.referrer);
    ["pushState", "replaceState"].map((e) => {
      let original = history[e];
      history[e] = (...e) => {
        original.call(history, ...e);
        moved();
      };
    });
    (e.q || []).map((e) => command(...e));
    setTimeout(flush);
    // "Don't count me", by a person's own act of opening the address. Last, since storage that is forbidden throws;
    // nothing has been sent yet. Without its queue the tracker does nothing more.
    e = localStorage;
    location.hash == "#beacon-ignore" ? (e.beacon_ignore = 1) : location.hash == "#beacon-count" && delete e.beacon_ignore;
    e.beacon_ignore && (queue = console.info("beacon_ignore"));
  }
};
