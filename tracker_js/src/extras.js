/** Further scripts: the consent part, and what the door's answer names. */

let extras; // their addresses, relative to the endpoint; a page gets its extras once
let policy; // makes an address one that the page trusts

/** Return a list of nothings. */
let append = (e) => (
  (policy =
    policy ||
    (self.trustedTypes || { createPolicy: (e, t) => t }).createPolicy(name, { createScriptURL: String })),
  e.map((e) =>
    document.head.append(
      // Made by a script, it is async by itself.
      Object.assign(document.createElement("script"), {
        pageId: command.k,
        decide,
        record: safe(record),
        nonce: script.nonce,
        src: policy.createScriptURL(new URL(e, endpoint)),
      }),
    ),
  )
);

/** When the page itself has loaded. */
let load = (e) => extras && document.readyState < "d" /* complete */ && append(extras.splice(0));
