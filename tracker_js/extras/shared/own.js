/** What the core hands to an extra on its script element, and how an extra stays out of the page's way. */

/** The script element of the extra that runs. */
export const element = document.currentScript || {};

/** `record(kind, fields, name)` queues an event; `fields` is taken over and then holds the event's `page_id`. */
export const record = element.record;

/** The page view that was on when the extra was asked for. */
export const pageId = element.pageId;

/** Wrap what the browser calls: whatever fails in `work` (a broken page, a missing API) ends here, without a word. */
export const safe =
  (work) =>
  (...given) => {
    try {
      return work(...given);
    } catch (e) {}
  };

/** Hear events of these types (parted by blanks) before the page does, and without ever holding it up. */
export const listen = (types, work, target = window) => {
  for (const type of types.split(" ")) target.addEventListener(type, safe(work), { capture: true, passive: true });
};
