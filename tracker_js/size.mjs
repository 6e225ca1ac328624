/** Prints what the tracker weighs beside its peers; with --check fails where something is over its budget. */

import { readFile } from "node:fs/promises";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { bundle, extras } from "./build.mjs";

/** Bytes of gzip -9, for the core and for each extra by name. */
const BUDGETS = JSON.parse(await readFile(new URL("budgets.json", import.meta.url), "utf8"));

/** Minified and gzipped, read from the products in November 2026. */
const PEERS = { Shynet: 974, GoatCounter: 2199, Umami: 2286, Plausible: 2727, Rybbit: 5574 };

const weigh = (code) => gzipSync(code, { level: 9 }).length;

const core = await bundle();
const size = weigh(core);
const rows = [...Object.entries(PEERS), ["Beacon core", size]].sort((a, b) => a[1] - b[1]);
for (const [name, bytes] of rows) {
  console.log(`${name.padEnd(12)} ${bytes.toLocaleString("en").padStart(6)}  ${"#".repeat(Math.round(bytes / 100))}`);
}

console.log("\nfile            minified   gzip -9    brotli    budget");
const over = [];
const scripts = { "b.js": [core, BUDGETS["b.js"]] };
for (const [name, code] of Object.entries(await extras())) scripts[name] = [code, BUDGETS.extras[name]];
for (const [name, [code, budget]] of Object.entries(scripts)) {
  const cells = [code.length, weigh(code), brotliCompressSync(code).length, budget ?? "none"];
  console.log(name.padEnd(14), ...cells.map((cell) => String(cell).padStart(9)));
  if (budget === undefined) over.push(`${name} has no budget in tracker_js/budgets.json`);
  else if (weigh(code) > budget) over.push(`${name} is ${weigh(code) - budget} bytes over its budget of ${budget}`);
}

if (process.argv.includes("--check") && over.length) {
  console.error(over.join("\n"));
  process.exit(1);
}
