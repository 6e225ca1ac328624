import { execFileSync } from "node:child_process";
import { parse } from "acorn";
import { beforeEach, describe, expect, inject, it, vi } from "vitest";
import { bundle, extras, npmModule } from "../build.mjs";
import { visit } from "./visit.js";

const HERE = new URL(".", import.meta.url).pathname;

describe("what is built", () => {
  it("is ES2017", async () => {
    const scripts = { core: await bundle(), ...(await extras()) };
    for (const [name, code] of Object.entries(scripts))
      expect(() => parse(String(code), { ecmaVersion: 2017 }), name).not.toThrow();
    // Modules themselves are of 2015.
    expect(() => parse(String(scripts.core) + "; ({...{}})", { ecmaVersion: 2017 })).toThrow();
    const module = await npmModule();
    expect(() => parse(module, { ecmaVersion: 2017, sourceType: "module" })).not.toThrow();
  });
});

describe("the module", () => {
  beforeEach(() => vi.useFakeTimers({ now: 1_780_000_000_000 }));

  it("does nothing on a server", () => {
    const program = `import * as beacon from ${JSON.stringify(inject("module"))};
      beacon.init({siteId: "x", host: "https://track.example"}); beacon.track("x"); beacon.consent({analytics: true});
      console.log(Object.keys(beacon).sort().join());`;
    const said = execFileSync("node", ["--input-type=module", "-e", program], { encoding: "utf8" });
    expect(said.trim()).toBe("consent,goal,identify,init,pageview,purchase,track");
  });

  it("counts, and takes every call", async () => {
    const page = await visit({ options: { hash: true }, url: "https://shop.example/start#/a" });
    page.beacon.track("signup", { props: { plan: "pro" }, value: 5, currency: "EUR", interactive: false });
    page.beacon.goal("lead", { value: 1 });
    page.beacon.purchase({ transaction_id: "t1", value: "9.90", currency: "EUR", items: [{ sku: "a" }] });
    page.beacon.pageview({ url: "/virtual", title: "Virtual", referrer: "https://other.example/" });
    page.beacon.init({ siteId: "again", host: "https://other.example" });
    await page.pass(2_000);
    const [first, signup, lead, order, engagement, virtual] = page.events();
    expect(first.url).toBe("https://shop.example/start#/a");
    expect(signup).toMatchObject({ kind: "event", name: "signup", props: { plan: "pro" }, interactive: false });
    expect(lead).toMatchObject({ kind: "event", name: "lead", value: 1, page_id: first.id });
    expect(order).toMatchObject({ kind: "event", name: "purchase", transaction_id: "t1", items: [{ sku: "a" }] });
    expect(engagement).toMatchObject({ kind: "engagement", page_id: first.id });
    expect(virtual).toMatchObject({ url: "https://shop.example/virtual", title: "Virtual", referrer: "https://other.example/" });
    expect(new Set(page.requests.map((request) => request.site_key))).toEqual(new Set(["bk_test"]));
  });

  it("makes calls before init good", async () => {
    const page = await visit({ before: (beacon) => beacon.track("early") });
    page.window.beacon("event", "by-global");
    await page.pass();
    expect(page.events().map((event) => event.name)).toEqual([undefined, "early", "by-global"]);
  });

  it("never throws for a host that is none, says so in debug mode, and takes the next one", async () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    const page = await visit({ options: { host: "track.example", debug: true } });
    page.beacon.init();
    expect(warn.mock.calls.map(([text]) => text)).toEqual(["beacon: not started:"]);
    page.beacon.init({ siteId: "bk_test", api: "https://", debug: true });
    expect(warn.mock.calls).toHaveLength(2);
    warn.mockRestore();
    page.beacon.track("early");
    page.beacon.init({ siteId: "bk_test", host: "https://track.example" });
    await page.pass();
    expect(page.story().map(([name]) => name)).toEqual(["pageview", "early"]);
  });

  it.each([
    ["https://shop.example/stats", "https://shop.example/stats/api/track/batch"],
    ["https://shop.example/stats/", "https://shop.example/stats/api/track/batch"],
    ["https://track.example", "https://track.example/api/track/batch"],
  ])("with the host %s sends to %s", async (host, endpoint) => {
    const page = await visit({ options: { host } });
    await page.pass();
    expect(page.addresses).toEqual([endpoint]);
  });

  it("that fails at its start counts nothing, and hears what the page says of consent", async () => {
    const frozen = () => Object.defineProperty(history, "pushState", { value: history.pushState, writable: false });
    const page = await visit({ before: frozen });
    page.beacon.track("secret");
    await page.pass(3_000);
    page.hide();
    page.hide(false);
    await page.pass(3_000);
    page.beacon.consent({ analytics: false });
    page.window.dispatchEvent(new page.window.Event("popstate"));
    await page.pass(3_000);
    expect(page.requests).toEqual([]);
    page.beacon.consent({ analytics: true });
    await page.pass(3_000);
    expect(page.story()).toEqual([["pageview", "granted", undefined]]);
  });

  it("hears of a refusal where storage is forbidden", async () => {
    const forbid = () =>
      Object.defineProperty(globalThis, "localStorage", {
        get() {
          throw new Error("SecurityError");
        },
        configurable: true,
      });
    const page = await visit({ options: { storage: true }, before: forbid });
    page.beacon.consent({ analytics: false });
    page.beacon.track("secret");
    await page.pass(3_000);
    page.hide();
    await page.pass(3_000);
    expect(page.story().map(([name, analytics]) => [name, analytics])).toEqual([
      ["pageview", undefined],
      ["consent", "denied"],
    ]);
  });

  it("leaves the counting to a tag on the same page", async () => {
    const tag = Object.assign(vi.fn(), { k: 1 });
    const page = await visit({ page: { beacon: tag } });
    page.beacon.track("x");
    await page.pass();
    expect([page.requests, tag.mock.calls]).toEqual([[], [["event", "x", undefined]]]);
  });

  it("waits longer after each failure, never less than it is told", async () => {
    const page = await visit();
    page.answer.status = 503;
    await page.pass(600);
    const at = [0];
    const start = Date.now();
    while (page.requests.length < 4) {
      const before = page.requests.length;
      await page.pass(100);
      if (page.requests.length > before) at.push(Date.now() - start);
    }
    const pauses = at.slice(1).map((time, index) => time - at[index]);
    expect(pauses[0]).toBeGreaterThanOrEqual(1_900);
    expect(pauses[1]).toBeGreaterThanOrEqual(4_900);
    expect(pauses[2]).toBeGreaterThan(pauses[1]);
    page.answer.status = 202;
    await page.pass(60_000);
    expect(new Set(page.events().map((event) => event.id)).size).toBe(1);
  });

  it("tries once more when it is left in a pause, however often, and else waits as long as it is told", async () => {
    const page = await visit();
    await page.pass();
    Object.assign(page.answer, { status: 429, headers: { "Retry-After": "60" } });
    page.beacon.track("x");
    await page.pass();
    const before = page.requests.length;
    for (let i = 0; i < 5; i++) {
      page.hide();
      await page.pass();
      page.hide(false);
      await page.pass();
    }
    expect(page.requests.length - before).toBe(1);
    await page.pass(600_000);
    expect(page.requests.length - before).toBeLessThanOrEqual(11);
    page.answer.status = 202;
    await page.pass(70_000);
    expect(new Set(page.events().map((event) => event.id)).size).toBeGreaterThan(2);
    const count = page.requests.length;
    await page.pass(200_000);
    expect(page.requests.length).toBe(count);
  });

  it("takes no function of the page's own for the tag's stand-in", async () => {
    for (const own of [() => document.querySelector("a"), () => $.query(1)]) {
      const page = await visit({ page: { beacon: own } });
      expect(page.window.beacon).toBe(own);
    }
    const standIn = function () {
      (beacon.q = beacon.q || []).push(arguments);
    };
    const page = await visit({ page: { beacon: standIn } });
    expect(page.window.beacon.k).toBeTruthy();
  });

  it("counts on after calls that are none, and tells of them in debug mode", async () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    const page = await visit({ options: { debug: true } });
    page.window.beacon("foo", { a: 1 });
    page.window.beacon("event", { props: {} });
    page.beacon.track("real");
    page.window.dispatchEvent(new page.window.Event("pagehide"));
    await page.pass();
    const said = warn.mock.calls.map(([text]) => text);
    warn.mockRestore();
    expect(page.requests[0].consent).toEqual({}); // nobody asked for the consent part
    expect(page.events().map((event) => event.name || event.kind)).toEqual(["pageview", "real"]);
    expect(said).toEqual(expect.arrayContaining(["foo", "event"]));
  });

  it("cuts batches by size and by number", async () => {
    const page = await visit();
    await page.pass();
    for (let i = 0; i < 60; i++) page.beacon.track("small");
    for (let i = 0; i < 20; i++) page.beacon.track("large", { props: { text: "ж".repeat(2_000) } });
    await page.pass(10_000);
    expect(page.events()).toHaveLength(81);
    for (const request of page.requests) {
      expect(request.events.length).toBeLessThanOrEqual(25);
      expect(Buffer.byteLength(JSON.stringify(request))).toBeLessThan(49_152);
    }
  });
});

describe("types", () => {
  it("accept what is right and refuse what isn't", () => {
    const args = ["--noEmit", "--strict", "--skipLibCheck", "--target", "es2020", "--module", "esnext", "--moduleResolution", "bundler"];
    const tsc = new URL("../../node_modules/typescript/bin/tsc", import.meta.url).pathname;
    expect(execFileSync("node", [tsc, ...args, `${HERE}types.ts`], { encoding: "utf8" })).toBe("");
  }, 60_000);
});
