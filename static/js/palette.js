// The stylesheet's tokens as colours a canvas understands: light-dark() and relative colours are resolved by the browser.
const TOKENS = {
  line: "var(--chart-line)",
  fill: "oklch(from var(--chart-line) l c h / 0.16)",
  clear: "oklch(from var(--chart-line) l c h / 0)",
  previous: "var(--chart-prev)",
  grid: "var(--chart-grid)",
  base: "var(--line-strong)",
  weekend: "var(--canvas)",
  text: "var(--ink-3)",
  surface: "var(--surface)",
  ink: "var(--ink)",
  hot: "oklch(from var(--hot-fill) l c h / 0.07)",
  warm: "oklch(from var(--warm-fill) l c h / 0.07)",
};

export function palette(element) {
  const probe = element.appendChild(document.createElement("i"));
  const colours = { font: getComputedStyle(element).fontFamily };
  for (const [name, value] of Object.entries(TOKENS)) {
    probe.style.color = value;
    colours[name] = getComputedStyle(probe).color;
  }
  probe.remove();
  return colours;
}
