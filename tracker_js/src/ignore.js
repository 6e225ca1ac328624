/**
 * "Don't count me", by a person's own act of opening the address, by a link too. Storage that is forbidden throws.
 * Without its queue the tracker does nothing more.
 */
let heed = (e) => {
  e = localStorage;
  location.hash == "#beacon-ignore" ? (e.beacon_ignore = 1) : location.hash == "#beacon-count" && delete e.beacon_ignore;
  e.beacon_ignore && (queue = console.info("beacon_ignore"));
};
