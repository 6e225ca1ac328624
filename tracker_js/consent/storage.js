/**
 * The offline queue on the device, for sites that chose it (`data-storage`): what couldn't be sent when a page was left
 * is sent by the next one. Each tab has a key of its own, so that none overwrites another's; a tab that comes takes what
 * lies there. Should two take the same, the events' ids make it one.
 */

const MAX_EVENTS = 500;
const MAX_CHARACTERS = 65_536;
const MAX_AGE_MS = 86_400_000;

/** As text: the oldest batches that fit, without what ad platforms match on; "" where there are none. */
export function packed(queue) {
  let events = 0;
  let text = "";
  for (const batch of queue) {
    const piece = JSON.stringify(batch, (name, value) => (name === "match" ? undefined : value));
    events += batch.events.length;
    if (events > MAX_EVENTS || text.length + piece.length + 3 > MAX_CHARACTERS) break;
    text += (text && ",") + piece;
  }
  return text && `[${text}]`;
}

/** Batches from a text, none older than a day, each marked as tried: its consent is its own. What can't be read is none. */
export function unpacked(text, now) {
  try {
    const batches = JSON.parse(text).filter((batch) => batch.events[0].at > now - MAX_AGE_MS);
    return batches.map((batch) => Object.assign(batch, { sent_at: batch.sent_at || 1 }));
  } catch (e) {
    return [];
  }
}

/** {take, follow, purge} over localStorage for one page of one site; undefined where storage is forbidden. */
export function keepFor(siteKey, pageId) {
  const prefix = `beacon.${siteKey}.`;
  const own = prefix + pageId;
  let storage;
  try {
    storage = localStorage;
    storage.length; // null in some apps' web views
  } catch (e) {
    return undefined;
  }
  const keys = () => Object.keys(storage).filter((key) => key.startsWith(prefix));
  const take = (now) =>
    keys().reduce((batches, key) => {
      const text = storage.getItem(key);
      storage.removeItem(key);
      return batches.concat(unpacked(text, now));
    }, []);

  function keep(queue) {
    const text = packed(queue);
    try {
      if (text) storage.setItem(own, text);
      else storage.removeItem(own);
    } catch (e) {
      // Full: then they are lost with the page, as without storage.
    }
  }

  /** Keep what is there whenever the page is hidden or left, and nothing while it is looked at. */
  function follow(pending) {
    addEventListener("visibilitychange", () => keep(document.hidden ? pending() : []), true);
    addEventListener("pagehide", () => keep(pending()), true);
  }

  return { take, follow, purge: () => keys().forEach((key) => storage.removeItem(key)) };
}
