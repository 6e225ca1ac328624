/** Compiled, never run: what a user of the module may write, and what the compiler has to refuse. */

import { consent, goal, identify, init, pageview, purchase, track } from "../npm/index.js";

init({ siteId: "bk_1", host: "https://track.example", consent: "required", hash: true, storage: true });
init({ siteId: "bk_1", api: "https://shop.example/stats/api/track/batch", cmp: "off", name: "stats", debug: true });
track("signup", { props: { plan: "pro", seats: 3, yearly: true }, value: 49.9, currency: "EUR", interactive: false });
track("signup");
goal("lead", { value: "10.00", currency: "EUR" });
purchase({ transaction_id: "t1", value: 9.5, currency: "EUR", items: [{ sku: "a", price: 9.5, quantity: 1 }] });
identify({ id: "u1", email: "jo@example.com", traits: { plan: "pro" } });
consent({ analytics: true, marketing: "denied", text_version: "v3" });
pageview();
pageview({ url: "/virtual", title: "Virtual" });
window.beacon?.("event", "signup", { value: 1 });
window.beacon?.("consent", { analytics: "granted" });

// @ts-expect-error a site is needed
init({ host: "https://track.example" });
// @ts-expect-error props are texts, numbers, true or false
track("x", { props: { list: [1] } });
// @ts-expect-error an order has an id
purchase({ value: 1, currency: "EUR" });
// @ts-expect-error no such choice
consent({ analytics: "yes" });
// @ts-expect-error the tag says itself who chose
consent({ analytics: true, source: "my-banner" });
// @ts-expect-error no such command
window.beacon?.("evnt", "x");
