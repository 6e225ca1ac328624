/** Builds the npm module once for all tests, out of the way of what is served. */

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { npmModule } from "../build.mjs";

export default async function setup({ provide }) {
  const folder = await mkdtemp(join(tmpdir(), "beacon-tracker-"));
  const path = join(folder, "index.mjs");
  await writeFile(path, await npmModule());
  provide("module", path);
  return () => rm(folder, { recursive: true });
}
