/** A build leaves what pages with an earlier b.js still ask for, and removes what none can ask for any more. */

import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { tidy } from "../build.mjs";

const DAY_MS = 86_400_000;
const forms = (name) => ["", ".gz", ".br"].map((suffix) => `x/${name}.js${suffix}`);
const manifest = (...names) => Object.fromEntries(names.flatMap(forms).map((name) => [name, 1]));

test("files are removed a week after the last build that had them", async () => {
  const folder = await mkdtemp(join(tmpdir(), "beacon-tidy-"));
  await mkdir(join(folder, "x"));
  const put = async (name, days) => {
    const written = new Date(Date.now() - days * DAY_MS);
    for (const path of forms(name)) {
      await writeFile(join(folder, path), "");
      await utimes(join(folder, path), written, written);
    }
  };
  const left = async () => [...new Set((await readdir(join(folder, "x"))).map((name) => name.slice(0, 8)))].sort();
  await put("aaaaaaaa", 40); // built long ago, and still there until now
  await put("bbbbbbbb", 40); // the same in both builds
  await put("cccccccc", 6); // of the build before the last
  await put("dddddddd", 8);
  await put("eeeeeeee", 0);

  const now = manifest("bbbbbbbb", "eeeeeeee");
  await tidy(folder, manifest("aaaaaaaa", "bbbbbbbb"), now);
  expect(await left()).toEqual(["aaaaaaaa", "bbbbbbbb", "cccccccc", "eeeeeeee"]);
  await tidy(folder, now, now);
  expect(await left()).toContain("aaaaaaaa");
  expect(await readdir(join(folder, "x"))).toHaveLength(12);
  await rm(folder, { recursive: true });
});
