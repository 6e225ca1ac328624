/** What the page may call. */

let name = options.name || "beacon";

/** The copy keeps later changes of the page out of the queue; what can't be sent fails in making it, alone. */
let command = safe((kind, name = 0, e) => {
  e = JSON.parse(json((name.big ? e : name) || {}));
  e.page_id = 0;
  if (kind == "pageview") view(e, recordEngagement());
  else if (kind == "purchase") record("event", e, kind);
  else if (name.big && (kind == "event" || kind == "goal")) record("event", e, name);
  else if (kind == "consent" || kind == "identify") ask([kind, e]);
  else tell(kind);
});
