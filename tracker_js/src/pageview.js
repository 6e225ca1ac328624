/** What counts as a page view: the first load, another address in a single-page app, a return from the back/forward cache. */

/** The page view that is on now: the very object that was queued as its event. */
let page;
let firstPage;

let view = (referrer) => {
  page = { url: location.href.split(addressEnd)[0], referrer };
  firstPage = firstPage || page;
  pulse();
  engagedMs = scrollPercent = 0;
  record("pageview", page);
};

let moved = safe((e) => {
  e = page.url;
  e != location.href.split(addressEnd)[0] && view(e, recordEngagement());
});
