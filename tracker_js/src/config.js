/** What the tag on the page says: the site, where to send, and the options. */

let script = document.currentScript;

/** `siteId`, `api`, `hash`, `debug`: the tag's data- attributes. */
let options = script.dataset;

/** What ends the counted address. No address has a space in it: with hash routing the fragment counts too. */
let addressEnd = "hash" in options ? " " : "#";

/** In debug mode the console says what became of events; otherwise nothing is ever said. */
let log = "debug" in options ? console.warn : (e) => e;

/** Relative to the script's own folder, so that a reverse-proxied path carries the requests too. */
let endpoint = new URL(options.api || "api/track/batch", script.src);
