import { defineConfig } from "vitest/config";

export default defineConfig({
  root: import.meta.dirname ?? new URL(".", import.meta.url).pathname,
  test: {
    environment: "node",
    include: ["test/**/*.test.js"],
    globalSetup: ["test/build.js"],
    pool: "threads",
    // Each takes a moment; the first in a thread loads the page's stand-in, which takes long where all processors are busy.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    teardownTimeout: 60_000,
  },
});
