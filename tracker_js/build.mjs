/** Builds b.js and its extras, each with pre-compressed copies, and a manifest into static/dist/tracker/. */

import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { build, transform } from "esbuild";

/**
 * The parts of the one closure. They are joined, not bundled, because module seams cost bytes; the order is the one that
 * compresses best among those where nothing is used before it is there.
 */
const PARTS = "config guard start api record pageview extras delivery engagement listeners".split(" ");

/** Old enough for every browser that has what the tracker needs. */
const TARGET = "es2017";
const EXTRAS = fileURLToPath(new URL("extras/", import.meta.url));
const OUTPUT = fileURLToPath(new URL("../static/dist/tracker/", import.meta.url));

export const hash8 = (content) => createHash("sha256").update(content).digest("hex").slice(0, 8);

/** Join the parts. The core's own version, which every request tells, is a hash of them. */
export async function source() {
  const parts = await Promise.all(PARTS.map((part) => readFile(new URL(`src/${part}.js`, import.meta.url), "utf8")));
  const code = parts.join("\n");
  return code.replace("%VERSION%", hash8(code));
}

/** Join and minify. The block keeps the names in; its `catch` is for browsers that lack something: they do nothing. */
export async function bundle() {
  const { code } = await transform(`try{${await source()}}catch(e){}`, {
    minify: true,
    target: TARGET,
    charset: "utf8",
    legalComments: "none",
  });
  return Buffer.from(code.trim());
}

/** Bundle every `extras/*.js`, each a file of its own for the page. Return the code by name. */
export async function extras() {
  const found = await readdir(EXTRAS).catch(() => []);
  const names = found.filter((name) => name.endsWith(".js")).map((name) => basename(name, ".js"));
  const codes = names.sort().map(async (name) => {
    const { outputFiles } = await build({
      entryPoints: [join(EXTRAS, `${name}.js`)],
      bundle: true,
      write: false,
      format: "iife",
      minify: true,
      target: TARGET,
      charset: "utf8",
      legalComments: "none",
    });
    return [name, Buffer.from(outputFiles[0].text.trim())];
  });
  return Object.fromEntries(await Promise.all(codes));
}

/** Return the forms a server can send, by suffix. */
export function compress(code) {
  return {
    "": code,
    ".gz": gzipSync(code, { level: 9 }),
    ".br": brotliCompressSync(code, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }),
  };
}

/** Write a file in one step: another process may be serving it. */
async function put(path, content) {
  await writeFile(`${path}.new`, content);
  await rename(`${path}.new`, path);
}

/** Write all forms of one script. Return their sizes in bytes, by name. */
async function putForms(name, code) {
  const sizes = {};
  for (const [suffix, content] of Object.entries(compress(code))) {
    await put(join(OUTPUT, name + suffix), content);
    sizes[name + suffix] = content.length;
  }
  return sizes;
}

/**
 * The manifest: the sizes in bytes by file, and the extras' files by name: `{"b.js": 3100, ..., "extras":
 * {"clicks": "x/3f2a9c1b.js"}}`. An extra's name is a hash of its content, so that it can be cached for good.
 */
async function main() {
  await mkdir(join(OUTPUT, "x"), { recursive: true });
  const manifest = { ...(await putForms("b.js", await bundle())), extras: {} };
  for (const [name, code] of Object.entries(await extras())) {
    const path = `x/${hash8(code)}.js`;
    manifest.extras[name] = path;
    Object.assign(manifest, await putForms(path, code));
  }
  await put(join(OUTPUT, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  for (const name of await readdir(join(OUTPUT, "x"))) {
    if (!(`x/${name}` in manifest)) await rm(join(OUTPUT, "x", name));
  }
  console.log(`tracker: ${manifest["b.js"]} bytes, ${manifest["b.js.gz"]} gzipped`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
