// A button that copies: the text of the element that data-copy-from names, or data-copy-text itself.
import { copyOf } from "./components.js";
import { toast } from "./toast.js";

const SHOWN_MS = 2000;

function textOf(button) {
  if (button.dataset.copyText !== undefined) return button.dataset.copyText;
  return document.getElementById(button.dataset.copyFrom).textContent.replace(/\s+/g, " ").trim();
}

// Where the page isn't served over HTTPS (nor by localhost) there is no clipboard to write to: select instead.
function select(button) {
  const source = document.getElementById(button.dataset.copyFrom);
  if (source) getSelection().selectAllChildren(source);
  toast("Your browser doesn’t let pages copy here. The text is selected: press Ctrl-C.", "error");
}

export function attachCopy(button) {
  const label = button.querySelector("[data-label]") ?? button;
  const said = label.textContent;
  const icon = button.querySelector(".icon");
  let timer = 0;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(textOf(button));
    } catch {
      select(button);
      return;
    }
    clearTimeout(timer);
    // The button keeps its width, so that nothing beside it moves.
    if (!timer) button.style.minInlineSize = `${button.offsetWidth}px`;
    label.textContent = "Copied";
    const done = copyOf("tpl-copied");
    icon?.replaceWith(done);
    timer = setTimeout(() => {
      label.textContent = said;
      if (icon) done.replaceWith(icon);
      timer = 0;
    }, SHOWN_MS);
  });
  if (label !== button) label.setAttribute("aria-live", "polite");
}
