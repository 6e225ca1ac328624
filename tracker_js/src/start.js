/** Puts `beacon` on the page, counts the first view, and follows the page's history. */

let start = (e) => {
  e = self[name] || 0; // the stub with the calls that came before us, if any
  // A tag that is there twice, or run again by the page's framework, counts once.
  if (!e.k) {
    // What isn't a stub is the page's own and stays.
    /^0|\.q\b/.test(e) && (self[name] = command);
    view({ referrer: document.referrer });
    command.k = page.id;
    ["pushState", "replaceState"].map((e, original) => {
      original = history[e];
      history[e] = (...t) => moved(e, original.apply(history, t));
    });
    (e.q || []).map((e) => command(...e));
    wary();
    // Later again, for what the page's consent tools say meanwhile, where nobody moves.
    setTimeout(flush, 2e3);
  }
};
