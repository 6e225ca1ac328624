// Builds what the dashboard's pages load: static/dist/ gets app.css, app.js and its chunks, the fonts, the icon sprite and
// the world map. `node static/build.mjs` (part of `npm run build`); with `--sizes` it prints what each file weighs gzipped.
import { gzipSync } from "node:zlib";
import { mkdir, readdir, readFile, rm, writeFile, copyFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { sprite } from "./build/icons.mjs";
import { world } from "./build/world.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, "dist");
// light-dark() and relative oklch() are used as they are: what these browsers know.
const target = ["chrome123", "firefox128", "safari18"];

async function bundle() {
  await build({
    entryPoints: { app: join(here, "js/app.js") },
    outdir: dist,
    bundle: true,
    splitting: true,
    format: "esm",
    minify: true,
    chunkNames: "chunks/[name]-[hash]",
    legalComments: "none",
    target,
    logLevel: "warning",
    // htmx evaluates code only with allowEval, which its configuration in base.html turns off.
    logOverride: { "direct-eval": "silent" },
  });
  await build({
    entryPoints: { app: join(here, "css/app.css") },
    outdir: dist,
    bundle: true,
    minify: true,
    loader: { ".woff2": "file" },
    assetNames: "fonts/[name]",
    target,
    logLevel: "warning",
  });
}

async function sizes() {
  const files = (await readdir(dist, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  for (const entry of files) {
    const path = join(entry.parentPath ?? entry.path, entry.name);
    const bytes = await readFile(path);
    const packed = path.endsWith(".woff2") ? bytes.length : gzipSync(bytes, { level: 9 }).length;
    console.log(`${String(packed).padStart(8)} B gzip  ${path.slice(dist.length + 1)}`);
  }
}

async function clean() {
  // The tracker's build has its own folder in dist and its own cleaning.
  const entries = await readdir(dist, { withFileTypes: true }).catch(() => []);
  const ours = entries.filter((entry) => entry.name !== "tracker");
  await Promise.all(ours.map((entry) => rm(join(dist, entry.name), { recursive: true })));
  await mkdir(dist, { recursive: true });
}

await clean();
await bundle();
await writeFile(join(dist, "icons.svg"), await sprite(join(here, "icons")));
await copyFile(join(here, "icons/favicon.svg"), join(dist, "favicon.svg"));
const map = await world();
await writeFile(join(dist, "world.svg"), map.svg);
await writeFile(join(dist, "world.json"), map.json);
if (process.argv.includes("--sizes")) await sizes();
