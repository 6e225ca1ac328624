import { beforeEach, describe, expect, it, vi } from "vitest";
import { visit } from "./visit.js";

beforeEach(() => vi.useFakeTimers({ now: 1_780_000_000_000 }));

/** A page that has broken `fetch`, and a server that answers each request with `status`. Times are those of the requests, in s. */
async function oldWay(status, headers = {}) {
  const times = [];
  const start = Date.now();
  class XMLHttpRequest {
    open() {}
    getResponseHeader(name) {
      return headers[name] || null;
    }
    send() {
      times.push((Date.now() - start) / 1e3);
      this.status = status;
      setTimeout(() => this.onloadend());
    }
  }
  const page = await visit({ page: { XMLHttpRequest } });
  globalThis.fetch = () => {
    throw new Error("broken");
  };
  return Object.assign(page, { times });
}

describe("the old way to send", () => {
  it("waits as long as the server says, and a moment of chance", async () => {
    const page = await oldWay(429, { "Retry-After": "60" });
    await page.pass(150_000);
    const pauses = page.times.slice(1).map((time, index) => time - page.times[index]);
    expect(pauses).toHaveLength(2);
    for (const pause of pauses) expect(Math.floor(pause)).toBe(60);
    expect(pauses[0]).not.toBe(pauses[1]);
  });

  it("waits longer each time where the server says nothing", async () => {
    const page = await oldWay(0);
    await page.pass(18_000);
    const pauses = page.times.slice(1).map((time, index) => Math.floor(time - page.times[index]));
    expect(pauses).toEqual([2, 4, 8]);
  });

  it("ends where the server doesn't know the site", async () => {
    const page = await oldWay(404);
    await page.pass();
    page.beacon.track("later");
    await page.pass(10_000);
    expect(page.times).toHaveLength(1);
  });
});
