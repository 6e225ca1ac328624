/** What the page may call: `beacon("event", name, {props, value, currency, interactive})`. */

/** The copy keeps later changes of the page out of the queue; what can't be sent fails in making it, alone. */
let command = safe((kind, name, e = {}) => {
  kind == "event" && record(kind, JSON.parse(JSON.stringify(e)), name);
});
