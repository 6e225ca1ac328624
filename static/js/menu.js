// details.menu: closes on Escape, on a press outside and when the focus leaves; up and down move between its entries.

function entries(menu) {
  return [...menu.querySelectorAll(".pop :is(a, button, summary)")].filter((entry) => entry.offsetParent);
}

function move(menu, event) {
  const all = entries(menu);
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step || !all.length || event.target.matches("input, select, textarea")) return;
  event.preventDefault();
  const at = all.indexOf(document.activeElement);
  all.at(at === -1 && step < 0 ? -1 : (at + step) % all.length).focus();
}

export function attachMenu(menu) {
  const summary = menu.querySelector("summary");
  menu.addEventListener("keydown", (event) => {
    if (!menu.open) return;
    if (event.key === "Escape") {
      event.stopPropagation();
      menu.open = false;
      summary.focus();
    } else {
      move(menu, event);
    }
  });
  menu.addEventListener("focusout", ({ relatedTarget }) => {
    if (relatedTarget && !menu.contains(relatedTarget)) menu.open = false;
  });
  menu.addEventListener("toggle", () => {
    const outside = ({ target }) => {
      if (!menu.contains(target)) menu.open = false;
      if (!menu.open) document.removeEventListener("pointerdown", outside);
    };
    if (menu.open) document.addEventListener("pointerdown", outside);
  });
}
