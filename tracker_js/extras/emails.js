/**
 * Tells the domain of an e-mail address that is sent in a form; never the address. The consent part lets it through, or
 * not: as any `identify`, it needs analytics granted.
 */

import { listen } from "./shared/own.js";
import { options } from "./shared/tag.js";

/** What is in none of these: its fields aren't looked at. */
const IGNORED = "[data-beacon-ignore],[data-beacon-mask],[role=search],search";

/** Each once a page. */
const told = new Set();

listen("submit", ({ isTrusted, target: form }) => {
  if (!isTrusted || form.localName != "form") return;
  for (const field of form.querySelectorAll("input[type=email]")) {
    // All that is taken out of the field is what stands behind its last @.
    const domain = !field.closest(IGNORED) && (/@([^@\s,]{3,253})$/.exec(field.value.trim()) || [])[1];
    if (!domain || told.has(domain)) continue;
    told.add(domain);
    self[options.name || "beacon"]("identify", { email: "@" + domain });
  }
});
