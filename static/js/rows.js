// Rows of a table that can be chosen: form[data-component=rows] around it. J and K move, X chooses, O opens the owner's
// menu, R sends again, Escape lets go; Enter is the link's own. Without script the check boxes do all of it.

function isTyping(target) {
  return target instanceof Element && Boolean(target.closest("input:not([type=checkbox]), select, textarea, dialog[open], .menu[open]"));
}

function boxes(form) {
  return [...form.querySelectorAll("[data-row] .check")];
}

function linkOf(row) {
  return row.querySelector("a.rowlink") ?? row.querySelector(".check");
}

function show(form) {
  const all = boxes(form);
  const chosen = all.filter((box) => box.checked);
  for (const box of all) box.closest("[data-row]").setAttribute("aria-selected", String(box.checked));
  const everything = form.querySelector("[data-rows-everything]");
  if (everything && !chosen.length) everything.checked = false;
  form.querySelector("[data-rows-count]").textContent = everything?.checked ? "All selected" : `${chosen.length} selected`;
  const head = form.querySelector("[data-rows-all]");
  head.checked = Boolean(chosen.length) && chosen.length === all.length;
  head.indeterminate = Boolean(chosen.length) && chosen.length < all.length;
}

function move(form, step) {
  const rows = [...form.querySelectorAll("[data-row]")];
  const at = rows.findIndex((row) => row.contains(document.activeElement));
  const next = at === -1 ? (step > 0 ? 0 : rows.length - 1) : Math.min(Math.max(at + step, 0), rows.length - 1);
  linkOf(rows[next])?.focus();
}

function choose(form) {
  const box = document.activeElement?.closest("[data-row]")?.querySelector(".check");
  if (!box || !form.contains(box)) return false;
  box.checked = !box.checked;
  show(form);
  return true;
}

function clear(form) {
  if (!boxes(form).some((box) => box.checked)) return false;
  for (const box of boxes(form)) box.checked = false;
  show(form);
  return true;
}

function openOwner(form) {
  const menu = form.querySelector("[data-rows-owner]");
  if (!menu) return false;
  if (!boxes(form).some((box) => box.checked) && !choose(form)) return false;
  menu.open = true;
  menu.querySelector("select").focus();
  return true;
}

function sendAgain(form) {
  const button = form.querySelector("[data-rows-again]");
  if (!button) return false;
  if (!boxes(form).some((box) => box.checked) && !choose(form)) return false;
  form.requestSubmit(button);
  return true;
}

const KEYS = {
  j: (form) => move(form, 1) ?? true,
  k: (form) => move(form, -1) ?? true,
  x: choose,
  o: openOwner,
  r: sendAgain,
  Escape: clear,
};

export function attachRows(form) {
  form.addEventListener("change", ({ target }) => {
    if (target.matches("[data-rows-all]")) for (const box of boxes(form)) box.checked = target.checked;
    show(form);
  });
  form.addEventListener("reset", (event) => {
    event.preventDefault();
    clear(form);
  });
  const onKey = (event) => {
    if (!form.isConnected) {
      document.removeEventListener("keydown", onKey);
      return;
    }
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    if (KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key]?.(form)) event.preventDefault();
  };
  document.addEventListener("keydown", onKey);
  show(form);
}
