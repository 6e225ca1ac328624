/** Nothing of ours may surface in the host page. */

/** Wrap what the browser or the page calls: whatever fails in `work` ends here, and shows in debug mode only. */
let safe =
  (work) =>
  (...e) => {
    try {
      work(...e);
    } catch (e) {
      log(e);
    }
  };
