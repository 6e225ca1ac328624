/** Further scripts, named in the door's answer, fetched when the page itself has loaded. */

let ownTag = script;
let extrasLoaded; // 1 once there were some; a page gets its extras once

/** `answer`: the door's text. Addresses in it are relative to the endpoint. */
let loadExtras = safe((answer, paths) => {
  paths = JSON.parse(answer).extras;
  if (paths && !extrasLoaded) {
    extrasLoaded = 1;
    let trusted = self.trustedTypes ? trustedTypes.createPolicy("beacon", { createScriptURL: (e) => e }) : 0;
    let append = safe((e) =>
      paths.map((e) => {
        let element = document.createElement("script"); // made by a script, it is async by itself
        element.nonce = ownTag.nonce;
        element.record = record;
        element.pageId = firstPage.id;
        e = "" + new URL(e, endpoint);
        element.src = trusted ? trusted.createScriptURL(e) : e;
        document.head.appendChild(element);
      }),
    );
    document.readyState == "complete" ? append() : addEventListener("load", append);
  }
});
