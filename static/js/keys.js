// Keyboard: data-key on a link or button is its shortcut; `?` lists those of the page.
import { openFind } from "./find.js";

const NAMES = { ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", Enter: "↵", Escape: "Esc" };

function isTyping(target) {
  return target instanceof Element && Boolean(target.closest("input, select, textarea, [contenteditable]"));
}

// Entries of a closed menu count: their key works without opening it. What CSS hides with its whole part doesn't.
function isUsable(element) {
  let shown = element;
  for (let menu = element.closest("details"); menu; menu = menu.parentElement.closest("details")) {
    if (!menu.open) shown = menu.querySelector("summary");
  }
  return shown.checkVisibility();
}

function targetOf(key) {
  const wanted = key.length === 1 ? key.toLowerCase() : key;
  return [...document.querySelectorAll("[data-key]")].find((element) => element.dataset.key === wanted && isUsable(element));
}

function press(element) {
  if (element instanceof HTMLElement && element.matches("summary")) {
    for (let menu = element.closest("details"); menu; menu = menu.parentElement.closest("details")) menu.open = true;
    (element.parentElement.querySelector("input:not([type=hidden]), select, textarea") ?? element).focus();
    return;
  }
  if (element.matches("input, select, textarea")) element.focus();
  else element.click();
}

function onKey(event) {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k" && !event.shiftKey && !event.altKey) {
    event.preventDefault();
    openFind();
    return;
  }
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  if (document.querySelector("dialog[open]")) return;
  if (event.key === "?") {
    event.preventDefault();
    openKeys();
    return;
  }
  const element = targetOf(event.key);
  if (!element) return;
  event.preventDefault();
  press(element);
}

function line(label, keys) {
  const row = document.createElement("div");
  const term = row.appendChild(document.createElement("dt"));
  const value = row.appendChild(document.createElement("dd"));
  term.textContent = label;
  for (const key of keys) value.appendChild(document.createElement("kbd")).textContent = NAMES[key] ?? (key.length === 1 ? key.toUpperCase() : key);
  return row;
}

export function attachKeys(dialog) {
  dialog.addEventListener("beacon:open", () => {
    const seen = new Map([["Find", ["/", "Ctrl K"]], ["This list", ["?"]]]);
    for (const element of document.querySelectorAll("[data-key]")) {
      const { key, keyLabel } = element.dataset;
      if (key !== "/" && keyLabel && isUsable(element)) seen.set(keyLabel, [key]);
    }
    dialog.querySelector("[data-keylist]").replaceChildren(...[...seen].map(([label, keys]) => line(label, keys)));
  });
}

export function openKeys() {
  const dialog = document.getElementById("keys");
  dialog?.dispatchEvent(new Event("beacon:open"));
  dialog?.showModal();
}

export function listenForKeys() {
  document.addEventListener("keydown", onKey);
}
