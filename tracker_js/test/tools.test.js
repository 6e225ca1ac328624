import { describe, expect, it, vi } from "vitest";
import { matchOf } from "../consent/match.js";
import { chosen, unasked, word } from "../consent/state.js";
import { packed, unpacked } from "../consent/storage.js";
import { dataLayerReader, readEntry, readTcf, tcfListener } from "../consent/tools.js";

describe("a choice", () => {
  it.each([
    [true, "granted"], ["granted", "granted"], [false, "denied"], ["denied", "denied"],
    ["yes", undefined], [1, undefined], [null, undefined], [undefined, undefined],
  ])("%s is %s", (value, expected) => expect(word(value)).toBe(expected));

  it("keeps what it doesn't speak of", () => {
    const was = { analytics: "granted", marketing: "denied" };
    expect(chosen(was, "api", { marketing: true }, 5)).toEqual({
      analytics: "granted", marketing: "granted", source: "api", at: 5, text_version: undefined,
    });
  });

  it("names its text within the cap, and as its source one that the server knows, whatever a page says", () => {
    const { source, text_version } = chosen({}, "api", { source: "my-banner", text_version: 7 }, 5);
    expect([source, text_version]).toEqual(["api", "7"]);
    expect(chosen({}, "api", { text_version: "x".repeat(80) }, 5).text_version).toBe("x".repeat(64));
  });

  it("can't grant marketing against Global Privacy Control", () => {
    const state = unasked({ globalPrivacyControl: true, doNotTrack: null });
    expect(state).toEqual({ gpc: true, dnt: false, marketing: "denied" });
    expect(chosen(state, "api", { marketing: true }, 5).marketing).toBe("denied");
  });
});

describe("Google's consent mode", () => {
  const granted = { analytics_storage: "granted", ad_storage: "granted", ad_user_data: "granted" };
  it.each([
    [["consent", "update", granted], { analytics: "granted", marketing: "granted" }],
    [["consent", "update", { ...granted, ad_user_data: "denied" }], { analytics: "granted", marketing: "denied" }],
    [["consent", "update", { ...granted, ad_storage: "denied" }], { analytics: "granted", marketing: "denied" }],
    [["consent", "update", { ad_storage: "granted" }], { analytics: undefined, marketing: "granted" }],
    [["consent", "update", { analytics_storage: "denied" }], { analytics: "denied", marketing: undefined }],
    [["consent", "default", { analytics_storage: "denied" }], { wait: true }],
    [["consent", "default", { analytics_storage: "denied", region: ["DE"] }], undefined],
    [["consent", "default", granted], undefined],
    [["config", "G-1", {}], undefined],
    [{ event: "gtm.js" }, undefined],
    [["consent", "update"], undefined],
    [null, undefined],
  ])("reads %j as %j", (entry, expected) => expect(readEntry(entry)).toEqual(expected));

  it("is read on where GTM cuts the front of the layer off", () => {
    let layer = [["consent", "update", { analytics_storage: "granted" }], ["js"]];
    const seen = [];
    const look = dataLayerReader(() => layer, (read) => seen.push(read.analytics));
    look();
    look();
    layer.shift();
    layer.push(["consent", "update", { analytics_storage: "denied" }]);
    look();
    layer = undefined;
    look();
    expect(seen).toEqual(["granted", "denied"]);
  });
});

describe("TCF", () => {
  const data = (consents, rest) => ({ eventStatus: "tcloaded", gdprApplies: true, purpose: { consents }, ...rest });
  it.each([
    [data({ 1: true, 7: true, 8: true, 9: true }), { analytics: true, marketing: true }],
    [data({ 1: true, 8: true, 9: true }), { analytics: true, marketing: false }],
    [data({ 7: true, 8: true, 9: true }), { analytics: false, marketing: false }],
    [data({}), { analytics: false, marketing: false }],
    [data({ 1: true, 7: true }, { eventStatus: "useractioncomplete", gdprApplies: undefined }), { analytics: false, marketing: true }],
    [data({ 1: true }, { eventStatus: "cmpuishown" }), undefined],
    [{ eventStatus: "tcloaded", gdprApplies: false }, undefined],
  ])("reads %j as %j", (given, expected) => expect(readTcf(given)).toEqual(expected));

  it("asks the real function again after its stand-in, each once", () => {
    const stand = vi.fn();
    const real = vi.fn();
    let api;
    const look = tcfListener(() => api, () => {});
    look();
    api = stand;
    look();
    look();
    api = real;
    look();
    expect([stand.mock.calls.length, real.mock.calls.length]).toEqual([1, 1]);
    expect(real.mock.calls[0].slice(0, 2)).toEqual(["addEventListener", 2]);
  });
});

describe("cookies of ad platforms", () => {
  it.each([
    ["", undefined],
    ["x_ga=GA1.1.1.2; theme=dark", undefined],
    ["_ga=GA1.2.111.222", { ga_client_id: "111.222" }],
    ["a=b; _ga=GA1.1-2.111.222", { ga_client_id: "111.222" }],
    ["_ga_AB12=GS1.1.1746825440.14.0.1746825440.0.0.29", { ga_session_id: "1746825440" }],
    ["_ga_AB12=GS2.1.s1747323152$o28$g0$t1747323152$j60$l0$h69", { ga_session_id: "1747323152" }],
    ["_fbp=fb.1.1700.123; _fbc=fb.1.1700.IwAR-_x", { fbp: "fb.1.1700.123", fbc: "fb.1.1700.IwAR-_x" }],
  ])("%s gives %j", (cookies, expected) => expect(matchOf(cookies)).toEqual(expected));
});

describe("the offline queue", () => {
  const DAY = 86_400_000;
  const batch = (count, at = DAY, extra = {}) => ({
    events: Array.from({ length: count }, (_, id) => ({ id, at, ...extra })),
  });

  it("keeps what fits, without what ad platforms match on", () => {
    const kept = JSON.parse(packed([batch(1, DAY, { match: { fbp: "x" }, name: "a" })]));
    expect(kept).toEqual([{ events: [{ id: 0, at: DAY, name: "a" }] }]);
    expect(packed([])).toBe("");
  });

  it("keeps 500 events and 64 KiB at most, the oldest first", () => {
    expect(JSON.parse(packed(Array.from({ length: 30 }, () => batch(25))))).toHaveLength(20);
    const text = packed(Array.from({ length: 30 }, () => batch(1, DAY, { name: "x".repeat(6_000) })));
    expect(JSON.parse(text)).toHaveLength(10);
    expect(text.length).toBeLessThanOrEqual(65_536);
  });

  it("forgets what is older than a day, and what can't be read", () => {
    const text = JSON.stringify([batch(1, DAY), batch(1, 5)]);
    expect(unpacked(text, DAY + 10)).toEqual([{ ...batch(1, DAY), sent_at: 1 }]);
    for (const broken of [null, "", "{", "{}", "[{}]"]) expect(unpacked(broken, 0)).toEqual([]);
  });
});
