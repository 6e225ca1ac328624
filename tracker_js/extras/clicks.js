/** Counts clicks on links to other sites, on downloads, and on what the site has tagged with `data-beacon-event`. */

import { listen, record, safe } from "./shared/own.js";
import { options } from "./shared/tag.js";
import { elements, label, target } from "./shared/target.js";

const FILES =
  "pdf docx? xlsx? pptx? pps odt ods odp rtf txt csv key pages numbers epub ics zip rar 7z gz tgz bz2 xz tar " +
  "exe msi dmg pkg deb rpm apk iso mp3 m4a wav wma ogg mid midi mp4 m4v mov avi wmv mkv webm mpe?g";

/** A second click of the same element within this many ms is the first one's echo: a label clicks its field. */
const ECHO_MS = 30;
const MOST_PROPS = 30;
const LONGEST_VALUE = 500;
const LONGEST_NAME = 64;

let files; // a pattern of the paths of files
let hosts; // the site's own

let lastTagged;
let lastAt = -ECHO_MS;

const bare = (host) => host.replace(/^www\./, "");

/** Also what lies under an own host, or above it: `shop.example.com` and `example.com` are one site. */
const isOwn = (host) => hosts.some((own) => `.${host}`.endsWith(`.${own}`) || `.${own}`.endsWith(`.${host}`));

/** Return where a link leads: nothing where it is no link. Links in SVG hold their address in an object. */
const address = (node) => {
  const href = /^(?:a|area)$/.test(node.localName) && node.href;
  return href && new URL(href.baseVal == null ? href : href.baseVal, document.baseURI);
};

const recordLink = (node, url, event) => {
  const isWeb = /^https?:$/.test(url.protocol);
  const isFile = node.hasAttribute("download") || (isWeb && files.test(url.pathname));
  if (isFile || (isWeb && !isOwn(bare(url.hostname)))) {
    const hit = target(node, event);
    // Without its query, which could hold anything, and which the server wouldn't keep.
    if (isWeb) hit.href = url.origin + url.pathname;
    record("event", { target: hit }, isFile ? "download" : "outbound");
  }
};

/** Return an amount as the door reads it; it would refuse the whole event for `12,50 EUR`. */
const matching = (node, name, pattern) => {
  const text = (node.getAttribute(`data-beacon-${name}`) || "").trim();
  return pattern.test(text) ? text : undefined;
};

const recordTagged = (node, event) => {
  const isEcho = node == lastTagged && event.timeStamp - lastAt < ECHO_MS;
  lastTagged = node;
  lastAt = event.timeStamp;
  const name = node.getAttribute("data-beacon-event").trim().slice(0, LONGEST_NAME);
  if (isEcho || !name) return;
  const props = {};
  for (const { name, value } of [...node.attributes].slice(0, 99)) {
    const found = /^data-beacon-prop-(.{1,64})$/.exec(name);
    if (found && Object.keys(props).length < MOST_PROPS) props[found[1]] = value.slice(0, LONGEST_VALUE);
  }
  record(
    "event",
    {
      props,
      value: matching(node, "value", /^-?\d{1,14}(?:\.\d+)?$/),
      currency: matching(node, "currency", /^[a-z]{3}$/i),
      target: target(node, event, node.localName == "form" ? "" : label(node)),
    },
    name,
  );
};

/** A tagged form is counted when it is sent, not at each click into it. */
const tagged = (path, isForm) =>
  path.find((e) => e.hasAttribute("data-beacon-event") && (e.localName == "form") == isForm);

const clicked = (event) => {
  // The middle button opens links, the right one a menu.
  if (event.button > 1) return;
  const path = elements(event);
  const node = !event.button && tagged(path, false);
  if (node) safe(recordTagged)(node, event);
  const link = path.find((e) => safe(address)(e));
  if (link) recordLink(link, address(link), event);
};

const { downloads = "", hosts: more = "" } = options;
const words = (text) => text.toLowerCase().split(/[\s,.]+/);
const added = words(downloads).filter((e) => /^\w+$/.test(e));
files = RegExp(`\\.(?:${[...FILES.split(" "), ...added].join("|")})$`, "i");
hosts = [location.hostname, ...more.toLowerCase().split(/[\s,]+/)].filter(Boolean).map(bare);
listen("click auxclick", clicked);
listen("submit", (event) => {
  const node = tagged(elements(event), true);
  if (node) recordTagged(node, event);
});
