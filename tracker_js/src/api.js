/** What the page may call: `beacon("event", name, {props, value, currency, interactive})`. */

/** The copy keeps later changes of the page out of the queue; what can't be sent fails in making it, alone. */
let command = safe((kind, name, e = {}) => {
  e = JSON.parse(JSON.stringify(e));
  e.page_id = 0;
  kind == "event" && record(kind, e, name);
});
