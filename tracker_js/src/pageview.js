/** What counts as a page view: the first load, another address in a single-page app, a return from the back/forward cache. */

/** What ends the counted address. No address has a space in it: with hash routing the fragment counts too. */
let here = (e) => location.href.split("hash" in options ? " " : "#")[0];

let page; // the page view that is on now: the very object that was queued as its event
let address; // where the browser was then; a page view that the page itself tells of may name another

/** `e`: {url, title, referrer}, what the page itself says of it. */
let view = (e) => {
  address = here();
  page = e;
  e.url = new URL(e.url || address, address);
  pulse();
  scrollPercent = engagedMs = 0;
  record("pageview", e);
};

/** The title is read late: single-page apps set it after the address. Once it is there, the view has been sent or left. */
let entitle = (e) => (page.title = page.title || document.title);

/** An address that is replaced before half a second is over was nobody's page: the view goes on under the new one. */
let moved = safe((e) => {
  if (address != here())
    /^r/.test(e.navigationType || e) && page.title == null
      ? (page.url = address = here())
      : view({ referrer: page.url }, recordEngagement());
});
