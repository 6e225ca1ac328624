/** "Don't count me", by a person's own act of opening the address, by a link too; the core reads what is kept of it. */

const KEY = "beacon_ignore";

/** Do what the address says, if anything. Return whether this browser isn't to be counted; where storage is forbidden it is. */
export function heed(hash) {
  try {
    if (hash === "#beacon-ignore") localStorage[KEY] = 1;
    if (hash === "#beacon-count") delete localStorage[KEY];
    return !!localStorage[KEY];
  } catch (e) {
    return false;
  }
}
