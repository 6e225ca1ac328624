/** Builds b.js and its extras, each with pre-compressed copies, and a manifest into static/dist/tracker/. */

import { createHash } from "node:crypto";
import { copyFile, mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { build, transform } from "esbuild";

/**
 * The parts of the one closure. They are joined, not bundled, because module seams cost bytes; the order is the one that
 * compresses best among those where nothing is used before it is there.
 */
const PARTS = "start engagement extras config guard pageview api gate record delivery listeners".split(" ");

/** Old enough for every browser that has what the tracker needs. */
const TARGET = "es2017";
const HERE = fileURLToPath(new URL("./", import.meta.url));
const EXTRAS = join(HERE, "extras");
const NPM = join(HERE, "npm");
const OUTPUT = fileURLToPath(new URL("../static/dist/tracker/", import.meta.url));

/** How long what no build names any more is kept: caches may hold the b.js that asks for it for a day (see the door). */
const KEPT_MS = 7 * 86_400_000;

const hash8 = (content) => createHash("sha256").update(content).digest("hex").slice(0, 8);

/** Read the parts and join them. */
async function joined(parts) {
  const texts = parts.map((part) => readFile(new URL(`src/${part}.js`, import.meta.url), "utf8"));
  return (await Promise.all(texts)).join("\n");
}

/** Join and minify. The block keeps the names in; its `catch` is for browsers that lack something: they do nothing. */
async function minified() {
  const { code } = await transform(`try{${await joined(PARTS)}}catch(e){}`, {
    minify: true,
    target: TARGET,
    charset: "utf8",
    legalComments: "none",
  });
  return code.trim();
}

/**
 * What every request tells, and the name that the consent part is fetched by, since the core has room for one hash only:
 * another one whenever the code of either changes.
 */
const versionOf = async () => hash8((await minified()) + (await extras()).consent);

/** The core as it is served. */
export async function bundle() {
  const version = await versionOf();
  return Buffer.from((await minified()).replace("%VERSION%", version).replace("%CONSENT%", `x/${version}.js`));
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
      // What fails at the start, in a browser that lacks something, ends here.
      banner: { js: "try{" },
      footer: { js: "}catch(e){}" },
      minify: true,
      target: TARGET,
      charset: "utf8",
      legalComments: "none",
    });
    return [name, Buffer.from(outputFiles[0].text.trim())];
  });
  return Object.fromEntries(await Promise.all(codes));
}

/**
 * Where an extra lies, relative to the endpoint. Its name is a hash of its content, or what comes of it, so that it can be
 * cached for good.
 */
export const pathOf = async (name, code) => `x/${name === "consent" ? await versionOf() : hash8(code)}.js`;

/**
 * The npm module, from the same parts: a function that is given the tag instead of finding it, with the consent part
 * bundled instead of fetched. Return its code.
 */
export async function npmModule() {
  const source = await joined(PARTS);
  const parts = source
    .replace("let script = document.currentScript;", "")
    .replace("%VERSION%", await versionOf())
    .replace("let command =", "let command = api =")
    .replace("let gate;", "let gate = 1;")
    .replace("(e.q || []).map", "gate = 0; $&")
    // A function has to come to its end.
    .replace(/^navigation\.add.*$/m, "try { $& } catch (e) {}")
    .replace(
      '(calls = calls || append(["%CONSENT%"])).push(e)',
      "calls ? calls.push(e) : (calls = [e], attach({ decide, record: safe(record), pageId: command.k }))",
    );
  // What the page says of consent counts also where the start failed half way; the gate is closed until it has succeeded.
  const core = `import { attach } from "./consent/attach.js";
    export function boot(script) {
      let api;
      try { (() => { ${parts} })() } catch (e) { "debug" in script.dataset && console.warn("beacon: not started:", e) }
      return api;
    }`;
  const plugin = {
    name: "core",
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^beacon:core$/ }, () => ({ path: "core", namespace: "core" }));
      onLoad({ filter: /.*/, namespace: "core" }, () => ({ contents: core, resolveDir: HERE }));
    },
  };
  const { outputFiles } = await build({
    entryPoints: [join(NPM, "index.js")],
    bundle: true,
    write: false,
    format: "esm",
    target: TARGET,
    charset: "utf8",
    plugins: [plugin],
  });
  return outputFiles[0].text;
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
 * Remove from `folder`/x what neither the manifest `now` nor, in the last KEPT_MS, an earlier one named. `before` is the
 * manifest that is being replaced: what it alone names begins to be old now, however long ago it was written.
 */
export async function tidy(folder, before, now) {
  const names = (await readdir(join(folder, "x"))).filter((name) => !(`x/${name}` in now));
  for (const name of names) {
    const path = join(folder, "x", name);
    if (`x/${name}` in before) await utimes(path, new Date(), new Date());
    else if (Date.now() - (await stat(path)).mtimeMs > KEPT_MS) await rm(path);
  }
}

async function manifestBefore() {
  return JSON.parse(await readFile(join(OUTPUT, "manifest.json"), "utf8").catch(() => "{}"));
}

/**
 * The manifest: the version, the sizes in bytes by file, and the extras' files by name: `{"version": "5c1d...", "b.js":
 * 3100, ..., "extras": {"clicks": "x/3f2a9c1b.js"}}`. Doors tell the version and the files from it. The extras come
 * before the b.js that asks for one of them.
 */
async function main() {
  await mkdir(join(OUTPUT, "x"), { recursive: true });
  const before = await manifestBefore();
  const version = await versionOf();
  const manifest = { version, extras: {} };
  for (const [name, code] of Object.entries(await extras())) {
    const path = await pathOf(name, code);
    manifest.extras[name] = path;
    Object.assign(manifest, await putForms(path, code));
  }
  Object.assign(manifest, await putForms("b.js", await bundle()));
  await put(join(OUTPUT, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  await tidy(OUTPUT, before, manifest);
  await mkdir(join(OUTPUT, "npm"), { recursive: true });
  await put(join(OUTPUT, "npm/index.js"), await npmModule());
  for (const name of ["index.d.ts", "package.json"]) await copyFile(join(NPM, name), join(OUTPUT, "npm", name));
  console.log(`tracker: ${manifest["b.js"]} bytes, ${manifest["b.js.gz"]} gzipped`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
