/** What the tag on the page says: the site, where to send, and the options. */

let script = document.currentScript;

/** The tag's data- attributes: `siteId`, `api`, `hash`, `name`, `consent`, `consentMode`, `dnt`, `storage`, `debug`. */
let options = script.dataset;

/** Relative to the script's own folder, so that a reverse-proxied path carries the requests too. */
let endpoint = new URL(options.api || "api/track/batch", script.src);
