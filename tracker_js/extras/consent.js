/** The consent part as a script of its own. The core fetches it at once where there is a need for it; see ../consent/. */

import { attach } from "../consent/attach.js";

try {
  attach(document.currentScript);
} catch (e) {
  // Nothing of ours may surface in the page. What the core holds back then stays held back.
}
