/** Counts rage clicks (many, fast, on one spot) and dead clicks (on something that looks alive and does nothing). */

import { listen, record, safe } from "./shared/own.js";
import { isOwnRequest } from "./shared/tag.js";
import { elements, label, target } from "./shared/target.js";

/** A rage click: so many, each at most so many ms after the one before, none farther than this from the first, in px. */
const RAGE_CLICKS = 3;
const RAGE_GAP_MS = 300;
const RAGE_RADIUS = 30;

/** A click is dead when nothing has come of it for so long. */
const DEAD_AFTER_MS = 1234;

/** Farther than this between down and up is a drag. */
const DRAG_RADIUS = 10;

/** A page that stood still for so long has shown a dialog, or was too busy to be judged. */
const STANDSTILL_MS = 200;

const CONTROLS =
  "a,area,button,summary,[onclick],[role=button],[role=link],[role=tab],[role=checkbox],[role=switch],[role=radio]," +
  "[role=option],[role^=menuitem],input";

/** The browser answers these by itself, often outside of the page; and people hammer on games. */
const FIELDS =
  "input:not([type=button],[type=submit],[type=reset],[type=image]),textarea,select,option,label,[contenteditable]," +
  "video,audio,canvas,iframe,object,embed";

/** Any of these, anywhere, is an effect. Windows of other programs and of the browser take the focus away. */
const EFFECTS =
  "scroll input change submit invalid reset toggle cancel close play pause seeking volumechange fullscreenchange " +
  "contextmenu dragstart copy beforeprint pagehide visibilitychange pointercancel";

/** These are, where they happen to something else than what was clicked: pressed buttons are focused and shaded. */
const EFFECTS_ELSEWHERE = "focusin transitionrun animationstart";

const isFar = (a, b, radius) => Math.hypot(a.pageX - b.pageX, a.pageY - b.pageY) > radius;
const hasSelection = () => getSelection().type == "Range";
const closest = (path, css) => path.find((e) => e.matches(css));

let down; // the last press: its event, its path, and whether text was selected then
let series = []; // the clicks of what may become a rage click
let isText; // its third click selected text
let watch; // the click whose effect is awaited

const say = (name, path, event) => {
  const control = closest(path, CONTROLS);
  // Of text that is no control's nothing is taken: it may be anybody's name.
  const hit = target(control || path[0], event, control ? label(control) : "");
  record("event", { target: hit, interactive: false }, name);
};

const countRage = (path, event) => {
  const last = series[series.length - 1];
  if (!last || event.timeStamp - last.timeStamp > RAGE_GAP_MS || isFar(series[0], event, RAGE_RADIUS)) {
    series = [];
    isText = 0;
  }
  series.push(event);
  // Three clicks select a paragraph; who goes on after that isn't selecting.
  if (series.length == RAGE_CLICKS) isText = hasSelection() ? 1 : 0;
  if (series.length == RAGE_CLICKS + isText) say("rage_click", path, event);
};

/** Something has come of the click, or it can't be told. */
const stop = safe(() => {
  if (!watch) return;
  const { timer, observers } = watch;
  watch = 0;
  clearTimeout(timer);
  removeEventListener("beforeunload", stop);
  for (const observer of observers) observer.disconnect();
});

const reactedElsewhere = (event) => {
  const [node] = event.composedPath();
  if (watch && !watch.path.includes(node) && !watch.path[0].contains(node)) stop();
};

/** Return what has mutations of its own: the document, the shadow trees around a click, and those right in the page. */
const trees = (path) => {
  const roots = new Set([document, ...path.map((e) => e.getRootNode())]);
  for (const { shadowRoot } of document.querySelectorAll("*")) if (shadowRoot) roots.add(shadowRoot);
  return roots;
};

/** Look for effects from now on: in the page, and on the network. */
const observe = (path) => {
  stop();
  const at = performance.now();
  const changes = new MutationObserver(stop);
  const requests = new PerformanceObserver((list) => {
    // Ours tell of clicks before; beacons of others change nothing here.
    const isEffect = (e) => e.startTime >= at && !/beacon|ping/.test(e.initiatorType) && !isOwnRequest(e.name);
    if (list.getEntries().some(isEffect)) stop();
  });
  watch = { path, observers: [changes, requests], url: location.href };
  for (const root of trees(path)) {
    changes.observe(root, { subtree: true, childList: true, attributes: true, characterData: true });
  }
  requests.observe({ type: "resource" });
  // Only while it is awaited: some browsers keep no page for going back to that listens to this.
  addEventListener("beforeunload", stop);
};

/** Whether a click there should do something, and something that shows in the page. */
const isAlive = (path) => {
  const link = closest(path, "a[href],area[href]");
  return (
    !closest(path, FIELDS) &&
    // What happens in a closed shadow tree can't be seen.
    (path[0].shadowRoot || !path[0].localName.includes("-")) &&
    // Other windows, other programs, files.
    !(link && (link.target || link.hasAttribute("download") || !/^(?:https?|javascript):/.test(link.href))) &&
    (closest(path, CONTROLS) || getComputedStyle(path[0]).cursor == "pointer")
  );
};

const pressed = (event) => {
  stop();
  const path = elements(event);
  const isPlain = event.isTrusted && event.isPrimary && !event.button;
  down = isPlain && path[0] && { event, path, hadSelection: hasSelection() };
  const hasModifier = event.ctrlKey || event.metaKey || event.shiftKey || event.altKey;
  if (down && !hasModifier && isAlive(path)) observe(path);
};

const released = (event) => {
  if (!down || isFar(down.event, event, DRAG_RADIUS)) return stop();
  const { path, hadSelection } = down;
  if (!closest(path, FIELDS)) countRage(path, event);
  if (!watch) return;
  watch.timer = setTimeout(
    safe(() => {
      const { url } = watch;
      stop();
      // Selecting text, and a click that ends a selection, are no calls for an answer.
      if (url == location.href && !hadSelection && !hasSelection()) say("dead_click", path, event);
    }),
    DEAD_AFTER_MS,
  );
};

const clicked = (event) => {
  // A script clicks, say, on a file's field.
  if (!event.isTrusted) return stop();
  const at = performance.now();
  setTimeout(() => performance.now() - at > STANDSTILL_MS && stop());
};

listen("pointerdown", pressed);
listen("pointerup", released);
listen("click", clicked);
listen(EFFECTS, stop);
listen(EFFECTS_ELSEWHERE, reactedElsewhere);
listen("blur", (event) => event.target == window && stop());
