// The icon sprite: one <symbol> for each Lucide icon named in icons/lucide.json, and for Beacon's own marks.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(import.meta.url);
const OWN = ["logo", "t-cold", "t-hot", "t-warm"];

function symbol(name, source) {
  const viewBox = /viewBox="([^"]+)"/.exec(source)[1];
  const inner = source
    .slice(source.indexOf(">", source.indexOf("<svg")) + 1, source.lastIndexOf("</svg>"))
    .replace(/\s+/g, " ")
    .replaceAll("> <", "><")
    .replaceAll(" />", "/>")
    .trim();
  return `<symbol id="${name}" viewBox="${viewBox}">${inner}</symbol>`;
}

/** Return the sprite's text. Throws, with its name, where an icon isn't in Lucide. */
export async function sprite(folder) {
  const names = JSON.parse(await readFile(join(folder, "lucide.json"), "utf8"));
  const lucide = names.map(async (name) => symbol(name, await readFile(require.resolve(`lucide-static/icons/${name}.svg`), "utf8")));
  const own = OWN.map(async (name) => symbol(name, await readFile(join(folder, `${name}.svg`), "utf8")));
  const symbols = await Promise.all([...lucide, ...own]);
  return `<svg xmlns="http://www.w3.org/2000/svg"><!-- Lucide, ISC licence; logo: Beacon -->${symbols.join("")}</svg>\n`;
}
