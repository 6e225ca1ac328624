/** What counts as a page view: the first load, another address in a single-page app, a return from the back/forward cache. */

/** What ends the counted address. No address has a space in it: with hash routing the fragment counts too. */
let here = (e) => location.href.split("hash" in options ? " " : "#")[0];

let page; // the page view that is on now: the very object that was queued as its event
let first; // the id of the first one
let address; // where the browser was then; a page view that the page itself tells of may name another

/** `e`: {url, title, referrer}, what the page itself says of it. */
let view = (e) => {
  address = here();
  page = { url: new URL(e.url || address, address), referrer: e.referrer, title: e.title };
  pulse();
  engagedMs = scrollPercent = 0;
  record("pageview", page);
};

let moved = safe((e) => {
  e = page.url;
  address != here() && view({ referrer: e }, recordEngagement());
});
