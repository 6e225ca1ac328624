// Light, dark, or what the system says. The cookie lets the server draw the next page right from its first byte.
const YEAR_SECONDS = 31_536_000;

function choose(value) {
  const secure = location.protocol === "https:" ? "; Secure" : "";
  const age = value ? YEAR_SECONDS : 0;
  document.cookie = `theme=${value}; Path=/; Max-Age=${age}; SameSite=Lax${secure}`;
  if (value) document.documentElement.dataset.theme = value;
  else delete document.documentElement.dataset.theme;
  document.dispatchEvent(new CustomEvent("beacon:theme"));
}

export function attachTheme(group) {
  const buttons = [...group.querySelectorAll("[data-theme-value]")];
  const show = () => {
    const current = document.documentElement.dataset.theme ?? "";
    for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset.themeValue === current));
  };
  for (const button of buttons) button.addEventListener("click", () => choose(button.dataset.themeValue));
  document.addEventListener("beacon:theme", show);
  group.hidden = false;
}
