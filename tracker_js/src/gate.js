/** Consent, as far as nobody asks. Who asks, reads and needs it is the consent part, fetched where there is a need. */

/** What stands in every batch. Another state is another object: each batch keeps the one that it was recorded under. */
let consent = {};
let gate; // none: open; 1: nothing is sent yet; 2: denied, nothing is recorded; -1: opened by the consent part
let calls; // [command, argument], those of the page that need the consent part; it hooks itself in here

/** Set the state and its gate. Return what the part works with. */
let decide = (state, e) => {
  consent = state;
  gate = e;
  return [queue, calls, options, flush, view, page];
};

/** Fetch the consent part at once, and hold everything back until it has spoken, unless `t`. */
let ask = (e, t) => {
  gate = gate || !t;
  (calls = calls || append(["%CONSENT%"])).push(e);
};

/**
 * Is there a need for the part? At the start and before each sending, until it is there: options of the tag, an address
 * that tells about being counted, consent tools of the page. A data layer without a word of consent holds nothing back.
 */
let wary = safe((e) => {
  if (!gate) {
    e = options.cmp ? 0 : self;
    /"(consent|dnt|storage)|#beacon-/.test(json(options) + location) ||
    e.__tcfapi ||
    (e.dataLayer || []).some((e) => e && e[0] == "consent")
      ? ask()
      : e.dataLayer && ask(0, 1);
  }
});
