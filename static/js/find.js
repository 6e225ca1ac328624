// Find: pages and sites of the shell as one types, companies by the server; arrows choose, Enter goes there.

const dialog = () => document.getElementById("find");

function options() {
  return [...dialog().querySelectorAll("[role=option]")].filter((option) => !option.hidden);
}

function choose(option) {
  const input = dialog().querySelector("input");
  for (const other of dialog().querySelectorAll("[aria-selected]")) other.removeAttribute("aria-selected");
  if (!option) {
    input.removeAttribute("aria-activedescendant");
    return;
  }
  option.id ||= `find-${crypto.getRandomValues(new Uint32Array(1))[0]}`;
  option.setAttribute("aria-selected", "true");
  option.scrollIntoView({ block: "nearest" });
  input.setAttribute("aria-activedescendant", option.id);
}

function filter() {
  const words = dialog().querySelector("input").value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const option of dialog().querySelectorAll("[data-find-group] [role=option]")) {
    const text = option.textContent.toLowerCase();
    option.hidden = !words.every((word) => text.includes(word));
  }
  const found = options();
  dialog().querySelector("[data-find-none]").hidden = found.length > 0;
  choose(found[0]);
}

function onKey(event) {
  const found = options();
  const at = found.findIndex((option) => option.hasAttribute("aria-selected"));
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step && found.length) {
    event.preventDefault();
    choose(found.at((at + step) % found.length));
  }
  if (event.key === "Enter") {
    event.preventDefault();
    found[at]?.click();
  }
}

export function attachFind(element) {
  const input = element.querySelector("input");
  input.addEventListener("input", filter);
  input.addEventListener("keydown", onKey);
  element.addEventListener("htmx:afterSettle", filter);
}

export function openFind() {
  const element = dialog();
  if (!element || element.open) return;
  element.querySelector("input").value = "";
  element.showModal();
  filter();
}
