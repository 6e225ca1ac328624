/** What the page's own consent tools say: Google's consent mode (`dataLayer`) and IAB TCF 2.2 (`__tcfapi`). */

/** Where nobody moves, tools are looked for at these seconds; later by what the visitor does. */
const LOOKS = [0.2, 0.5, 1, 2, 4, 8, 16, 32];

/** A choice in a banner reaches the data layer at the click, or a little after it. */
const AFTER_CLICK = [0, 0.3, 1.5];

/**
 * Read one entry of the data layer: {analytics, marketing} of an update; {wait: true} of a default that denies analytics.
 * A default is nobody's choice: it only says to wait for one, and one that names regions says nothing, since the
 * visitor's isn't known here. `ad_user_data` is what Google itself asks before data goes to ad platforms.
 */
export function readEntry(entry) {
  if (!entry || entry[0] !== "consent" || !entry[2]) return undefined;
  const { analytics_storage, ad_user_data, ad_storage, region } = entry[2];
  if (entry[1] === "default") return analytics_storage === "denied" && !region ? { wait: true } : undefined;
  if (entry[1] !== "update") return undefined;
  const isDenied = ad_user_data === "denied" || ad_storage === "denied";
  return { analytics: analytics_storage, marketing: isDenied ? "denied" : ad_user_data || ad_storage };
}

/** Return what to call for the entries that are new. Its length says nothing: GTM cuts the front of a long one off. */
export function dataLayerReader(get, onEntry) {
  let last;
  return () => {
    const layer = get();
    if (!Array.isArray(layer)) return;
    const fresh = layer.slice(layer.lastIndexOf(last) + 1);
    last = layer[layer.length - 1];
    fresh.forEach((entry) => {
      const read = readEntry(entry);
      if (read) onEntry(read);
    });
  };
}

/**
 * Read a TCData object: {analytics, marketing}, or undefined where there is no choice yet or GDPR doesn't apply.
 * Analytics: purposes 1 (storage), 8 and 9 (measuring); marketing: 1 and 7 (measuring ads), as Google maps them to
 * `ad_user_data`. Legitimate interest isn't consent and isn't looked at.
 */
export function readTcf(data) {
  const isChoice = data.eventStatus === "tcloaded" || data.eventStatus === "useractioncomplete";
  if (!isChoice || data.gdprApplies === false) return undefined;
  const given = (data.purpose && data.purpose.consents) || {};
  const has = (...purposes) => purposes.every((purpose) => given[purpose]);
  return { analytics: has(1, 8, 9), marketing: has(1, 7) };
}

/** Return what to call until there is a `__tcfapi`. Tools put a stand-in there first: the real one is asked again. */
export function tcfListener(get, onChoice) {
  let asked;
  return () => {
    const api = get();
    if (typeof api != "function" || api === asked) return;
    asked = api;
    api("addEventListener", 2, (data, isSuccess) => {
      const choice = isSuccess && data && readTcf(data);
      if (choice) onChoice(choice);
    });
  };
}

/** Look now, a few times soon, and after each click, key or return: when a choice can have been made. */
function follow(look) {
  const lookAfter = (seconds) => seconds.forEach((second) => setTimeout(look, second * 1e3));
  look();
  lookAfter(LOOKS);
  for (const name of ["click", "keyup", "pageshow"]) addEventListener(name, () => lookAfter(AFTER_CLICK), true);
  // The last moment in which what waits can still be sent.
  addEventListener("visibilitychange", look, true);
}

/** Follow both. `choose(source, {analytics, marketing})` and `wait()` are the gatekeeper's. */
export function followTools(choose, wait) {
  const onEntry = (read) => (read.wait ? wait() : choose("gcm", read));
  const readLayer = dataLayerReader(() => self.dataLayer, onEntry);
  const listenTcf = tcfListener(
    () => self.__tcfapi,
    (choice) => choose("tcf", choice),
  );
  follow(() => {
    listenTcf();
    readLayer();
  });
}
