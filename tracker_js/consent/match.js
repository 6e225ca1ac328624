/** What ad platforms recognise a visitor by, from their own cookies: read with marketing consent only, when it is sent. */

const PATTERNS = {
  ga_client_id: /(?:^|; )_ga=GA1\.[\d-]+\.(\d+\.\d+)/,
  // GS1.1.1700000000.3.0... and, since May 2025, GS2.1.s1700000000$o3$g0...
  ga_session_id: /(?:^|; )_ga_\w+=GS\d\.[\d-]+\.s?(\d+)/,
  fbp: /(?:^|; )_fbp=(fb\.\d+\.\d+\.\d+)/,
  fbc: /(?:^|; )_fbc=(fb\.\d+\.\d+\.[\w-]+)/,
};

/** {ga_client_id, ga_session_id, fbp, fbc} as far as there are such cookies; undefined where there are none. */
export function matchOf(cookies) {
  const found = Object.entries(PATTERNS).map(([name, pattern]) => [name, (pattern.exec(cookies) || [])[1]]);
  const known = found.filter(([, value]) => value);
  return known.length ? Object.assign({}, ...known.map(([name, value]) => ({ [name]: value }))) : undefined;
}

/** The same for this page; none where a frame may not read cookies. */
function matchHere() {
  try {
    return matchOf(document.cookie);
  } catch (e) {
    return undefined;
  }
}

/**
 * Return what gives it to what can be a conversion: a page view, or an event that didn't happen by itself. `isGranted` tells of now;
 * the state that the event's batch was recorded under has to grant it as well.
 */
export function conversionMarker(isGranted) {
  return (event, batch) => {
    if (event.interactive === false || !/^(pageview|event)$/.test(event.kind)) return;
    // Read when an event is sent, and again should it have to be sent again.
    event.match = { toJSON: () => (isGranted() && batch.consent.marketing === "granted" ? matchHere() : undefined) };
  };
}
