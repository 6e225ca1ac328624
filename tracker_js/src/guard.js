/** Nothing of ours may surface in the host page. */

/** In debug mode the console says what became of events; otherwise nothing is ever said. */
let log = "debug" in options ? console.warn : (e) => e;

/** Say it once. */
let tell = (e) => log[e] || log((log[e] = e));

/** Wrap what the browser or the page calls: whatever fails in `work` ends here, and shows in debug mode only, once. */
let safe =
  (work) =>
  (...e) => {
    try {
      work(...e);
    } catch (e) {
      tell(e);
    }
  };

/** Arrays as they are: an old Prototype.js makes texts of them (`Array.prototype.toJSON`). */
let json = (e) =>
  JSON.stringify(e, function (e, t) {
    return (this[e] || 0).pop ? this[e] : t;
  });
