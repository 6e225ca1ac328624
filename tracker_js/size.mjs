/** Prints what the tracker weighs beside its peers; with --check fails where the core is over its limit. */

import { brotliCompressSync, gzipSync } from "node:zlib";
import { bundle } from "./build.mjs";

/** Bytes of gzip -9. The finished core, with consent, identify and purchase, has to stay under 2,048. */
const LIMIT = 1400;

/** Minified and gzipped, read from the products in November 2026. */
const PEERS = { Shynet: 974, GoatCounter: 2199, Umami: 2286, Plausible: 2727, Rybbit: 5574 };

const code = await bundle();
const size = gzipSync(code, { level: 9 }).length;

const rows = [...Object.entries(PEERS), ["Beacon core", size]].sort((a, b) => a[1] - b[1]);
for (const [name, bytes] of rows) {
  console.log(`${name.padEnd(12)} ${bytes.toLocaleString("en").padStart(6)}  ${"#".repeat(Math.round(bytes / 100))}`);
}
console.log(`\nminified ${code.length}, gzip -9 ${size} of ${LIMIT}, brotli ${brotliCompressSync(code).length}`);

if (process.argv.includes("--check") && size > LIMIT) {
  console.error(`b.js is ${size - LIMIT} bytes over its limit of ${LIMIT}`);
  process.exit(1);
}
