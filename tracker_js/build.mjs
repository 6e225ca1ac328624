/** Builds b.js with its pre-compressed copies and a manifest of sizes into static/dist/tracker/. */

import { mkdir, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { transform } from "esbuild";

/**
 * The parts of the one closure. They are joined, not bundled, because module seams cost bytes; the order is the one that
 * compresses best among those where nothing is used before it is there.
 */
const PARTS = "config guard start api record pageview delivery engagement listeners".split(" ");

/** Join and minify. The block keeps the names in; its `catch` is for browsers that lack something: they do nothing. */
export async function bundle() {
  const parts = await Promise.all(PARTS.map((part) => readFile(new URL(`src/${part}.js`, import.meta.url), "utf8")));
  const { code } = await transform(`try{${parts.join("\n")}}catch(e){}`, {
    minify: true,
    target: "es2017",
    charset: "utf8",
    legalComments: "none",
  });
  return Buffer.from(code.trim());
}

/** Return the forms a server can send, by suffix. */
export function compress(code) {
  return {
    "": code,
    ".gz": gzipSync(code, { level: 9 }),
    ".br": brotliCompressSync(code, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }),
  };
}

async function main() {
  const folder = new URL("../static/dist/tracker/", import.meta.url);
  await mkdir(folder, { recursive: true });
  const sizes = {};
  for (const [suffix, content] of Object.entries(compress(await bundle()))) {
    await writeFile(new URL(`b.js${suffix}`, folder), content);
    sizes[`b.js${suffix}`] = content.length;
  }
  await writeFile(new URL("manifest.json", folder), `${JSON.stringify(sizes, null, 2)}\n`);
  console.log(`tracker: ${sizes["b.js"]} bytes, ${sizes["b.js.gz"]} gzipped`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
