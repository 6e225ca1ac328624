/** Consent, as far as nobody asks. Who asks, reads and needs it is the consent part, fetched where there is a need. */

/** What stands in every batch. Another state is another object: each batch keeps the one that it was recorded under. */
let consent = {};
let gate = 1; // 0: open; 1: nothing is sent yet; 2: denied, nothing is recorded
let calls; // [command, argument], those of the page that need the consent part; it hooks itself in here

/** Set the state and its gate; what was recorded until now goes first. Return what the part works with. */
let decide = (state, e) => {
  flush(1);
  consent = state;
  gate = e;
  return [queue, calls, options, flush, view, page];
};

/** Fetch the consent part at once, and hold everything back until it has spoken. */
let ask = (e) => {
  if (calls) calls.push(e);
  else {
    calls = [e];
    gate = 1;
    append(["%CONSENT%"]);
  }
};
