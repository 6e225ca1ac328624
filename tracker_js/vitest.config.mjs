import { defineConfig } from "vitest/config";

export default defineConfig({
  root: import.meta.dirname ?? new URL(".", import.meta.url).pathname,
  test: { environment: "node", include: ["test/**/*.test.js"], globalSetup: ["test/build.js"], pool: "threads" },
});
