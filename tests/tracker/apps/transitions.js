/**
 * Page transitions without a framework: what the server rendered is swapped in. As Astro and swup do it, by pushState;
 * or, where the page says so, by the Navigation API, which calls neither pushState nor replaceState. Pages are fetched ahead,
 * and a title is set as soon as the address is, so that neither network nor frames decide what title is counted.
 */

const pages = new Map();

async function fetchAhead(url) {
  pages.set(url, new DOMParser().parseFromString(await (await fetch(url)).text(), "text/html"));
}

function show(url) {
  const page = pages.get(url);
  document.title = page.title;
  return document.startViewTransition(() => document.body.replaceWith(page.body.cloneNode(true))).updateCallbackDone;
}

if (document.documentElement.dataset.by == "navigation") {
  navigation.addEventListener("navigate", (event) => {
    if (!event.canIntercept || event.hashChange) return;
    event.intercept({ handler: () => show(event.destination.url) });
  });
} else {
  addEventListener("popstate", () => show(location.href));
  addEventListener("click", (event) => {
    const link = event.target.closest("a");
    if (!link) return;
    event.preventDefault();
    history.pushState({}, "", link.href);
    show(link.href);
  });
}

Promise.all([...document.links].map((link) => fetchAhead(link.href))).then(() => {
  document.documentElement.dataset.isReady = "";
});
