/**
 * Page transitions without a framework: what the server rendered is swapped in. As Astro and swup do it, by pushState;
 * or, where the page says so, by the Navigation API, which calls neither pushState nor replaceState.
 */

async function show(url) {
  const page = new DOMParser().parseFromString(await (await fetch(url)).text(), "text/html");
  return () => {
    document.title = page.title;
    document.body.replaceWith(page.body);
  };
}

const swap = (change) => document.startViewTransition(change).updateCallbackDone;

if (document.documentElement.dataset.by == "navigation") {
  navigation.addEventListener("navigate", (event) => {
    if (!event.canIntercept || event.hashChange) return;
    event.intercept({ handler: async () => swap(await show(event.destination.url)) });
  });
} else {
  addEventListener("popstate", async () => swap(await show(location.href)));
  addEventListener("click", async (event) => {
    const link = event.target.closest("a");
    if (!link) return;
    event.preventDefault();
    const change = await show(link.href);
    history.pushState({}, "", link.href);
    await swap(change);
  });
}
