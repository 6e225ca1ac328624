import { beforeEach, describe, expect, it, vi } from "vitest";
import { visit } from "./visit.js";

beforeEach(() => vi.useFakeTimers({ now: 1_780_000_000_000 }));

describe("without a question", () => {
  it("says nothing of consent", async () => {
    const page = await visit();
    await page.pass();
    expect(page.story()).toEqual([["pageview", undefined, undefined]]);
    expect(page.requests[0].tracker).toMatch(/^[0-9a-f]{8}$/);
  });
});

describe("the page's own call", () => {
  it("reaches the first request when it comes before it", async () => {
    const page = await visit();
    page.beacon.consent({ analytics: true, marketing: "denied", text_version: "v3" });
    await page.pass();
    expect(page.story()).toEqual([["pageview", "granted", "denied"]]);
    expect(page.requests[0].consent).toMatchObject({ source: "api", text_version: "v3", at: 1_780_000_000_000 });
  });

  it("is told by an event when something was sent before", async () => {
    const page = await visit();
    await page.pass();
    page.beacon.consent({ marketing: true });
    await page.pass();
    page.beacon.track("later");
    await page.pass();
    expect(page.story()).toEqual([
      ["pageview", undefined, undefined],
      ["consent", undefined, "granted"],
      ["later", undefined, "granted"],
    ]);
    expect(page.events()[1]).toMatchObject({ kind: "event", interactive: false });
  });

  it("leaves each event under the state that held", async () => {
    const page = await visit();
    page.beacon.consent({ analytics: true, marketing: true });
    await page.pass();
    page.beacon.track("before");
    page.beacon.consent({ marketing: false });
    page.beacon.track("after");
    await page.pass(3_000);
    expect(page.story().slice(1)).toEqual([
      ["before", "granted", "granted"],
      ["consent", "granted", "denied"],
      ["after", "granted", "denied"],
    ]);
  });

  it("repeated without a change is no event", async () => {
    const page = await visit();
    page.beacon.consent({ analytics: true });
    await page.pass();
    page.beacon.consent({ analytics: true });
    await page.pass();
    expect(page.story()).toHaveLength(1);
  });

  it("stops everything when analytics is denied, after one last event", async () => {
    const page = await visit();
    await page.pass();
    page.beacon.consent({ analytics: false });
    await page.pass();
    page.beacon.track("secret");
    page.hide();
    await page.pass(60_000);
    expect(page.story()).toEqual([
      ["pageview", undefined, undefined],
      ["consent", "denied", undefined],
    ]);
  });

  it("denied before anything was sent sends nothing at all", async () => {
    const page = await visit();
    page.beacon.consent({ analytics: "denied" });
    page.beacon.track("secret");
    page.hide();
    await page.pass(60_000);
    page.beacon.consent({ marketing: false });
    await page.pass(60_000);
    expect(page.requests).toEqual([]);
  });

  it("granted after a denial resumes with a page view", async () => {
    const page = await visit();
    page.beacon.consent({ analytics: false });
    await page.pass();
    page.beacon.track("lost");
    page.beacon.consent({ analytics: true });
    page.beacon.track("kept");
    await page.pass();
    expect(page.story()).toEqual([
      ["pageview", "granted", undefined],
      ["kept", "granted", undefined],
    ]);
    expect(page.events()[1].page_id).toBe(page.events()[0].id);
  });

  it("forgets what was to be tried again when it denies", async () => {
    const page = await visit();
    page.answer.status = 503;
    await page.pass();
    page.answer.status = 202;
    const before = page.requests.length;
    page.beacon.consent({ analytics: false });
    await page.pass(60_000);
    expect(page.requests.slice(before).flatMap((request) => request.events.map((event) => event.name))).toEqual([
      "consent",
    ]);
  });
});

describe("a call that leaves a purpose out", () => {
  const tcf = () => {
    let tell;
    const api = (command, version, callback) => (tell = callback);
    return [api, (consents) => tell({ eventStatus: "useractioncomplete", purpose: { consents } }, true)];
  };

  it.each([
    [{ marketing: true }, "granted"],
    [{ text_version: "v3" }, "denied"],
    [{ analytics: "yes" }, "denied"],
    [{}, "denied"],
  ])("%j leaves it to a later refusal by TCF", async (given, marketing) => {
    const [api, answer] = tcf();
    const page = await visit({ page: { __tcfapi: api } });
    page.beacon.consent(given);
    await page.pass();
    answer({});
    page.beacon.track("secret");
    await page.pass(3_000);
    const [last] = page.story().slice(-1);
    expect(last).toEqual(["consent", "denied", marketing]);
  });

  it("doesn't keep a later default that denies from being waited for", async () => {
    const dataLayer = [];
    const page = await visit({ page: { dataLayer } });
    page.beacon.consent({ marketing: true });
    dataLayer.push(["consent", "default", { analytics_storage: "denied" }]);
    await page.pass();
    page.beacon.track("held back");
    await page.pass(60_000);
    expect(page.story().map(([name]) => name)).not.toContain("held back");
  });

  it("that chooses nothing tells nothing", async () => {
    const page = await visit();
    await page.pass();
    page.beacon.consent({});
    page.beacon.consent({ text_version: "v3" });
    page.beacon.track("later");
    await page.pass();
    expect(page.requests.map((request) => request.consent.source)).toEqual([undefined, undefined]);
  });
});

describe("data-consent=required", () => {
  it("sends nothing until analytics is granted, then what waited", async () => {
    const page = await visit({ options: { consent: "required" } });
    page.beacon.track("early");
    await page.pass(60_000);
    page.beacon.consent({ marketing: false });
    await page.pass(60_000);
    expect(page.requests).toEqual([]);
    page.beacon.consent({ analytics: true });
    await page.pass();
    expect(page.story()).toEqual([
      ["pageview", "granted", "denied"],
      ["early", "granted", "denied"],
    ]);
  });

  it("drops what waited on a denial, and says nothing", async () => {
    const page = await visit({ options: { consent: "required" } });
    await page.pass();
    page.beacon.consent({ analytics: false });
    page.hide();
    await page.pass(60_000);
    expect(page.requests).toEqual([]);
  });

  it("sends nothing on leaving either", async () => {
    const sendBeacon = vi.fn(() => true);
    const page = await visit({ options: { consent: "required" }, navigator: { sendBeacon } });
    page.hide();
    await page.pass();
    page.window.dispatchEvent(new page.window.Event("pagehide"));
    expect([sendBeacon.mock.calls, page.requests]).toEqual([[], []]);
  });
});

describe("privacy signals", () => {
  it("takes Global Privacy Control for a denial of marketing that nothing overrules", async () => {
    const page = await visit({ navigator: { globalPrivacyControl: true } });
    page.beacon.consent({ analytics: true, marketing: true });
    await page.pass();
    expect(page.requests[0].consent).toMatchObject({ analytics: "granted", marketing: "denied", gpc: true });
  });

  it.each([
    ["1", 0],
    ["0", 1],
    [null, 1],
  ])("with data-dnt and Do Not Track %s sends %i requests", async (doNotTrack, requests) => {
    const page = await visit({ options: { dnt: true }, navigator: { doNotTrack } });
    await page.pass();
    page.beacon.consent({ analytics: true });
    page.hide();
    await page.pass(10_000);
    expect(page.requests.slice(0, 1)).toHaveLength(requests);
  });

  it("without data-dnt only says that Do Not Track is on", async () => {
    const page = await visit({ navigator: { doNotTrack: "1" } });
    page.beacon.consent({ analytics: true });
    await page.pass();
    expect(page.requests[0].consent.dnt).toBe(true);
  });
});

describe("identify", () => {
  it("goes with analytics consent only", async () => {
    const page = await visit();
    page.beacon.identify({ id: "u1" });
    page.beacon.consent({ analytics: true });
    page.beacon.identify({ id: "u2", email: "jo@example.com", traits: { plan: "pro" } });
    await page.pass();
    const found = page.events().filter((event) => event.kind === "identify");
    expect(found.map((event) => event.user)).toEqual([{ id: "u2", email: "jo@example.com", traits: { plan: "pro" } }]);
  });
});

describe("what ad platforms match on", () => {
  const cookies = ["_ga=GA1.1.11.22", "_ga_ABC=GS2.1.s1780000000$o1$g0", "_fbp=fb.1.1.2", "_fbc=fb.1.3.click-Id_1"];

  it("goes with marketing consent, on page views and the page's own events only", async () => {
    const page = await visit();
    cookies.forEach((cookie) => (page.window.document.cookie = cookie));
    page.beacon.track("before");
    await page.pass();
    page.beacon.consent({ analytics: true, marketing: true });
    page.beacon.purchase({ transaction_id: "t1", value: 1, currency: "EUR" });
    page.beacon.pageview({ title: "Thank you" });
    await page.pass();
    page.beacon.consent({ marketing: false });
    page.beacon.track("after");
    await page.pass(3_000);
    const found = page.events().map((event) => [event.title || event.name || event.kind, event.match]);
    const keys = { ga_client_id: "11.22", ga_session_id: "1780000000", fbp: "fb.1.1.2", fbc: "fb.1.3.click-Id_1" };
    expect(found.filter(([, match]) => match)).toEqual([
      ["purchase", keys],
      ["Thank you", keys],
    ]);
    expect(found.map(([name]) => name)).toEqual(expect.arrayContaining(["before", "consent", "after"]));
  });

  it("doesn't go with an event of before the consent that is sent again after it", async () => {
    const page = await visit();
    cookies.forEach((cookie) => (page.window.document.cookie = cookie));
    page.beacon.consent({ analytics: true });
    await page.pass();
    page.answer.status = 503;
    page.beacon.track("before");
    await page.pass(700);
    page.beacon.consent({ marketing: true });
    await page.pass(100);
    page.answer.status = 202;
    await page.pass(20_000);
    const sent = page.events().filter((event) => event.name == "before");
    expect(sent.map((event) => event.match)).toEqual(sent.map(() => undefined));
    expect(page.story().slice(-1)).toEqual([["consent", "granted", "granted"]]);
  });
});

describe("what is kept on the device", () => {
  const KEY = "beacon.bk_test.before";
  const events = [{ id: "e1", kind: "event", name: "kept", at: 1_780_000_000_000 - 5_000 }];
  const kept = JSON.stringify([{ events, consent: { analytics: "granted" }, sent_at: 1 }]);
  const onDevice = (options, extra = {}) => ({
    options: { storage: true, ...options },
    before: () => Object.assign(localStorage, { [KEY]: kept }, extra),
  });
  const left = (page) => Object.keys(page.window.localStorage).filter((key) => key.startsWith("beacon."));

  it("is sent by the next page", async () => {
    const page = await visit(onDevice());
    await page.pass(3_000);
    expect(page.story().sort()).toEqual([
      ["kept", "granted", undefined],
      ["pageview", undefined, undefined],
    ]);
    expect(left(page)).toEqual([]);
  });

  it("stays there while a choice is awaited, also when the page is left, and goes with the grant", async () => {
    const page = await visit(onDevice({ consent: "required" }));
    await page.pass(3_000);
    page.hide();
    page.hide(false);
    await page.pass();
    expect([page.requests, left(page)]).toEqual([[], [KEY]]);
    page.beacon.consent({ analytics: true });
    await page.pass(3_000);
    expect(page.story().map(([name]) => name).sort()).toEqual(["engagement", "kept", "pageview"]);
    expect(left(page)).toEqual([]);
  });

  it("is deleted by a refusal", async () => {
    const page = await visit(onDevice({ consent: "required" }));
    page.beacon.consent({ analytics: false });
    await page.pass(3_000);
    expect([page.requests, left(page)]).toEqual([[], []]);
  });

  it("is deleted where Do Not Track is honoured", async () => {
    const page = await visit({ ...onDevice({ dnt: true }), navigator: { doNotTrack: "1" } });
    await page.pass(3_000);
    expect([page.requests, left(page)]).toEqual([[], []]);
  });

  it("is deleted when somebody follows a link to be ignored, on a page that never throws", async () => {
    const page = await visit({ options: { storage: true } });
    const failures = vi.fn();
    page.window.addEventListener("error", failures);
    await page.pass(1_000);
    page.window.localStorage[KEY] = kept;
    page.window.location.hash = "#beacon-ignore";
    page.window.dispatchEvent(new page.window.Event("hashchange"));
    page.beacon.track("secret");
    await page.pass(3_000);
    expect(page.story()).toEqual([["pageview", undefined, undefined]]);
    expect([left(page), failures.mock.calls]).toEqual([[], []]);
  });

  it("is deleted where the browser isn't to be counted", async () => {
    const page = await visit(onDevice({}, { beacon_ignore: "1" }));
    await page.pass(3_000);
    expect([page.requests, left(page)]).toEqual([[], []]);
  });
});
