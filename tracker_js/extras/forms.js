/** Counts forms begun, sent and given up: which form, how many of its fields. Never what somebody wrote. */

import { listen, record, safe } from "./shared/own.js";
import { scrub } from "./shared/scrub.js";
import { elements, selector } from "./shared/target.js";

const LONGEST_NAME = 128;
/** How long after a change of address a single-page app may take to put its form away. */
const SETTLE_MS = 1000;

/** By form: `fields` touched so far, the `last` of them; whether it was `sent`, or its data `read` by the page. */
const states = new WeakMap();

/** Begun, not sent. */
const open = new Set();

/** Fields named `id`, `name` or `action` hide the form's own properties, so attributes are read. */
const attribute = (node, name) => node.getAttribute(name) || "";

/** Dialogs' forms are sent to nobody, and searching is no form that somebody fills in. */
const counts = (form) => {
  const method = attribute(form, "method").toLowerCase();
  return (
    method != "dialog" &&
    !form.closest("[role=search],search,[data-beacon-ignore]") &&
    (method == "post" || !form.querySelector("input[type=search]"))
  );
};

const action = (form) => {
  const given = attribute(form, "action");
  if (!given) return;
  const { host, pathname, protocol } = new URL(given, document.baseURI);
  return /^http/.test(protocol) ? scrub((host == location.host ? "" : host) + pathname, LONGEST_NAME) : undefined;
};

const describe = (form, state, last) => ({
  target: { selector: selector(form) },
  props: {
    form: scrub(attribute(form, "id") || attribute(form, "name"), LONGEST_NAME) || undefined,
    action: safe(action)(form),
    fields: state.fields.size,
    last_field: last || undefined,
  },
});

const stateOf = (form) => {
  const state = states.get(form) || { fields: new Set() };
  states.set(form, state);
  return state;
};

/** Somebody changed a field. Scripts that fill fields in don't count. */
const entered = (event) => {
  const [field] = elements(event);
  const form = event.isTrusted && field && field.form;
  if (!form || !counts(form)) return;
  const state = stateOf(form);
  const isFirst = !state.fields.size;
  const name = attribute(field, "name");
  state.fields.add(name || field);
  state.last = scrub(name, LONGEST_NAME);
  state.read = 0;
  // Neither `submit` nor `formdata` leaves a shadow tree. The same listener twice is one.
  const root = form.getRootNode();
  if (root != document) for (const type of ["submit", "formdata"]) root.addEventListener(type, heard, true);
  if (isFirst && !state.sent) {
    const start = describe(form, state);
    record("event", start, "form_start");
    Object.assign(state, { form, page: { page_id: start.page_id, url: start.url } });
    open.add(state);
  }
};

const heard = safe((event) => {
  const form = event.target;
  if (form.localName != "form" || !counts(form)) return;
  const state = stateOf(form);
  if (event.type == "formdata") state.read = 1;
  else if (!state.sent) {
    state.sent = 1;
    open.delete(state);
    record("event", describe(form, state), "form_submit");
  }
});

/** The page has taken the data without sending the form: nobody can tell what became of it. */
const giveUp = (state) => {
  open.delete(state);
  if (state.read) return;
  // It belongs to the page view on which it was begun. Going away is no interaction.
  const left = Object.assign(describe(state.form, state, state.last), state.page, { interactive: false });
  record("event", left, "form_abandon");
};

listen("input change", entered);
listen("submit formdata", heard);
listen("pagehide", () => open.forEach(giveUp));
// Where the browser tells (Chromium, Safari): a single-page app has gone on, and taken its form away.
listen(
  "currententrychange",
  () => setTimeout(safe(() => open.forEach((state) => state.form.isConnected || giveUp(state))), SETTLE_MS),
  self.navigation,
);
