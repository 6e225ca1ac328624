import { beforeEach, describe, expect, it, vi } from "vitest";
import { visit } from "./visit.js";

beforeEach(() => vi.useFakeTimers({ now: 1_780_000_000_000 }));

/** A page that has broken `fetch`, and a server that answers each request with `status`. Times are those of the requests, in ms. */
async function oldWay(status, headers = {}) {
  const times = [];
  const start = Date.now();
  class XMLHttpRequest {
    open() {}
    getResponseHeader(name) {
      return headers[name] || null;
    }
    send() {
      times.push(Date.now() - start);
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

/** Between one request and the next, in ms. */
function pausesOf(page) {
  return page.times.slice(1).map((time, index) => time - page.times[index]);
}

/** What was asked for and up to a second of chance; the answer itself comes in a task of its own, a millisecond later. */
function expectBetween(pause, asked) {
  expect(pause).toBeGreaterThanOrEqual(asked);
  expect(pause).toBeLessThanOrEqual(asked + 1_001);
}

describe("the old way to send", () => {
  it("waits as long as the server says, and a moment of chance", async () => {
    const page = await oldWay(429, { "Retry-After": "60" });
    await page.pass(400_000);
    const pauses = pausesOf(page);
    expect(pauses.length).toBeGreaterThanOrEqual(6);
    for (const pause of pauses) expectBetween(pause, 60_000);
    // Chance may choose the same twice, but not each time.
    expect(new Set(pauses).size).toBeGreaterThan(1);
  });

  it("waits longer each time where the server says nothing", async () => {
    const page = await oldWay(0);
    await page.pass(18_000);
    const pauses = pausesOf(page);
    expect(pauses).toHaveLength(3);
    pauses.forEach((pause, index) => expectBetween(pause, 2_000 * 2 ** index));
  });

  it("ends where the server doesn't know the site", async () => {
    const page = await oldWay(404);
    await page.pass();
    page.beacon.track("later");
    await page.pass(10_000);
    expect(page.times).toHaveLength(1);
  });
});
