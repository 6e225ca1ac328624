/** A consent manager of the IAB's framework: its own library behind two buttons, the choice kept in a cookie. */

import { CmpApi } from "@iabtechlabtcf/cmpapi";
import { GVL, TCModel, TCString } from "@iabtechlabtcf/core";

const PURPOSES = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];
const MEASURING = [1, 8, 9];
const named = (ids) => Object.fromEntries(ids.map((id) => [id, { id, name: `Purpose ${id}` }]));
const list = new GVL({
  gvlSpecificationVersion: 3,
  vendorListVersion: 1,
  tcfPolicyVersion: 5,
  lastUpdated: "2026-11-01T00:00:00Z",
  purposes: named(PURPOSES),
  specialPurposes: {},
  features: {},
  specialFeatures: {},
  stacks: {},
  dataCategories: {},
  vendors: {},
});

const cmp = new CmpApi(10, 1, true);

function encoded(purposes) {
  const model = new TCModel(list);
  model.cmpId = 10;
  model.cmpVersion = 1;
  model.purposeConsents.set(purposes);
  return TCString.encode(model);
}

function show(kept) {
  const banner = Object.assign(document.createElement("div"), { id: "banner" });
  for (const [label, purposes] of Object.entries({ Accept: PURPOSES, Measure: MEASURING, Refuse: [] })) {
    const choose = () => {
      document.cookie = `euconsent-v2=${encoded(purposes)}; path=/`;
      cmp.update(encoded(purposes), false);
      banner.remove();
    };
    banner.append(Object.assign(document.createElement("button"), { textContent: label, onclick: choose }));
  }
  document.body.append(banner);
  cmp.update(kept, true);
}

const kept = (/euconsent-v2=([^;]+)/.exec(document.cookie) || [])[1];
if (kept) cmp.update(kept, false);
else show("");
document.body.append(
  Object.assign(document.createElement("button"), { textContent: "Privacy settings", onclick: () => show(kept || "") }),
);
