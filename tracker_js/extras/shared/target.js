/** An element as an event's `target`: enough to know it again, nothing of a person. */

import { scrub } from "./scrub.js";

/** Names made of words. Digits, mixed case and what has no vowels come out of generators or are somebody's number. */
const WORDS = /^[a-z]+(?:[-_]+[a-z]+|[A-Z][a-z]{2,})*$/;
const GENERATED = /^(?:css|sc|jsx|svelte|ember|radix)-|[bcdfghjklmnpqrstvwxz]{6}/;
/** Classes that say how an element is at the moment, not which it is. */
const STATE = /^(?:is|has|was|js|ng)-|^(?:active|current|disabled|focus|hidden|hover|open|selected|show|visited)$/;

/** What people type stands in these, or what nobody sees. */
const SILENT =
  "input,textarea,select,datalist,script,style,noscript,template,[contenteditable],[data-beacon-mask]";

const LONGEST_SELECTOR = 256;
const LONGEST_TEXT = 128;
const PARTS = 4;

const isWord = (name) => name.length < 33 && WORDS.test(name[0].toLowerCase() + name.slice(1)) && !GENERATED.test(name);

/** Return which of its kind among its siblings it is, where it isn't the first. */
const position = (node) => {
  let index = 1;
  // Not by the parent's `children`: a form's field of that name would hide them.
  for (let other = node; (other = other.previousElementSibling); ) if (other.localName == node.localName) index++;
  return index > 1 ? `:nth-of-type(${index})` : "";
};

/** Return a short path: up to four elements, from the nearest with an id down. It reads well; it may fit others too. */
export const selector = (node) => {
  const parts = [];
  while (node && parts.length < PARTS && !/^(?:body|html)$/.test(node.localName)) {
    const id = node.getAttribute("id");
    const classes = [...node.classList].filter((e) => isWord(e) && !STATE.test(e)).slice(0, 2);
    const hasId = id && isWord(id);
    parts.unshift(
      node.localName + (hasId ? `#${id}` : classes[0] ? classes.map((e) => `.${e}`).join("") : position(node)),
    );
    node = !hasId && (node.parentElement || node.getRootNode().host);
  }
  return parts.join(">").slice(0, LONGEST_SELECTOR);
};

const gather = (node) => {
  if (node.nodeType == 3) return node.data.slice(0, 999);
  let text = "";
  if (node.nodeType == 1 && !node.matches(SILENT)) {
    if (node.localName == "img") return ` ${node.alt} `;
    for (let child = node.firstChild; child && text.length < LONGEST_TEXT; child = child.nextSibling) {
      text += gather(child);
    }
  }
  return text;
};

/** Return what the element says: its text, else its label. Never of fields, of editors, of what the site has masked. */
export const label = (node) =>
  node.isContentEditable || node.closest(SILENT)
    ? ""
    : scrub(gather(node).trim() || node.getAttribute("aria-label") || node.getAttribute("title") || "", LONGEST_TEXT);

/** Return an element and the spot on the page that was hit; its middle where the keyboard did it. */
export const target = (node, event, text = label(node)) => {
  let { pageX: x, pageY: y } = event;
  if (!event.detail && !event.pointerType) {
    const box = node.getBoundingClientRect();
    x = scrollX + box.left + box.width / 2;
    y = scrollY + box.top + box.height / 2;
  }
  return { selector: selector(node), text: text || undefined, x: Math.round(x), y: Math.round(y) };
};

/** Return what was hit, from the innermost element outwards, open shadow trees included; nothing where it is ignored. */
export const elements = (event) => {
  const path = event.composedPath().filter((e) => e.nodeType == 1);
  return path.some((e) => e.hasAttribute("data-beacon-ignore")) ? [] : path;
};
