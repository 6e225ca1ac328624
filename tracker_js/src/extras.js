/** Further scripts: the consent part, and what the door's answer names. */

let extras; // their addresses, relative to the endpoint; a page gets its extras once
let policy; // makes an address one that the page trusts

let append = (e) => {
  policy =
    policy ||
    (self.trustedTypes
      ? trustedTypes.createPolicy(name, { createScriptURL: (e) => e })
      : { createScriptURL: (e) => e });
  e.map((e) =>
    document.head.append(
      // Made by a script, it is async by itself.
      Object.assign(document.createElement("script"), {
        decide,
        pageId: first,
        src: policy.createScriptURL(new URL(e, endpoint)),
        nonce: script.nonce,
        record: safe(record),
      }),
    ),
  );
};

/** When the page itself has loaded. */
let load = (e) => extras && document.readyState == "complete" && append(extras.splice(0));
