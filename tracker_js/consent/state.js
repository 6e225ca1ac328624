/** What the visitor agreed to: {analytics, marketing, source, at, text_version, gpc, dnt}, as every batch says it. Pure. */

/** Who may choose, the weakest first: a stronger one's word can't be overruled by a weaker one. */
export const SOURCES = ["site_default", "gcm", "tcf", "api"];

export const PURPOSES = ["analytics", "marketing"];

/** Nobody was asked yet. Global Privacy Control is an answer of its own: no marketing, whatever a banner says. */
export function unasked(navigator) {
  const gpc = navigator.globalPrivacyControl;
  const state = { gpc: gpc === undefined ? undefined : !!gpc, dnt: navigator.doNotTrack == 1 };
  if (gpc) state.marketing = "denied";
  return state;
}

/** "granted" or "denied" for what a page may write; undefined where it says nothing or nothing that can be understood. */
export function word(value) {
  if (value === true || value === "granted") return "granted";
  if (value === false || value === "denied") return "denied";
  return undefined;
}

/**
 * The state after a choice. `given`: {analytics, marketing, text_version}; what isn't said stays as it is. `source`: one of
 * SOURCES; the server knows no others, and would take the choice for nobody's.
 */
export function chosen(state, source, given, now) {
  return Object.assign({}, state, {
    analytics: word(given.analytics) || state.analytics,
    marketing: state.gpc ? "denied" : word(given.marketing) || state.marketing,
    source,
    at: now,
    text_version: given.text_version == null ? undefined : String(given.text_version).slice(0, 64),
  });
}

export const isSame = (one, other) => one.analytics === other.analytics && one.marketing === other.marketing;
