/** Bundles the small apps of this folder and prints {name: code} as JSON, for tests that put them on a client's site. */

import { readdir } from "node:fs/promises";
import { basename, extname } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const folder = fileURLToPath(new URL(".", import.meta.url));
const sources = (await readdir(folder)).filter((name) => [".js", ".jsx"].includes(extname(name)));

const { outputFiles } = await build({
  entryPoints: sources.map((name) => folder + name),
  outdir: folder, // named only: nothing is written
  bundle: true,
  write: false,
  minify: true,
  format: "iife",
  target: "es2020",
  jsx: "automatic",
  legalComments: "none",
  define: {
    "process.env.NODE_ENV": '"production"',
    __VUE_OPTIONS_API__: "true",
    __VUE_PROD_DEVTOOLS__: "false",
    __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: "false",
  },
});

const apps = Object.fromEntries(outputFiles.map(({ path, text }) => [basename(path, ".js"), text]));
process.stdout.write(JSON.stringify(apps));
