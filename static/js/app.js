// What every page of the dashboard runs. Without it pages work all the same: links, forms and <details> carry them.
import htmx from "./htmx.js";
import "htmx-ext-ws";
import { attachAll, define } from "./components.js";
import { attachCopy } from "./copy.js";
import { attachDialogOpener, attachTypeToConfirm, listenForDialogs } from "./dialog.js";
import { attachFind, openFind } from "./find.js";
import { attachKeys, listenForKeys, openKeys } from "./keys.js";
import { attachLive, attachPause } from "./live.js";
import { attachLook } from "./look.js";
import { attachMenu } from "./menu.js";
import { attachPanel } from "./panel.js";
import { attachTheme } from "./theme.js";
import { attachAgo, attachSince } from "./times.js";
import { attachToast, listenForToasts } from "./toast.js";

define("ago", attachAgo);
define("since", attachSince);
define("copy", attachCopy);
define("menu", attachMenu);
define("panel", attachPanel);
define("theme", attachTheme);
define("toast", attachToast);
define("find", attachFind);
define("find-open", (button) => button.addEventListener("click", openFind));
define("keys", attachKeys);
define("keys-open", (button) => button.addEventListener("click", openKeys));
define("dialog-open", attachDialogOpener);
define("type-to-confirm", attachTypeToConfirm);
define("live", attachLive);
define("look", attachLook);
define("pause", attachPause);
// Only pages that have these pay for them: lists of which rows can be chosen, a note's field.
define("rows", async (form) => (await import("./rows.js")).attachRows(form));
define("mention", async (field) => (await import("./mention.js")).attachMention(field));
// Only pages with a chart pay for the library that draws it.
define("chart", async (plot) => (await import("./chart.js")).attachChart(plot));

attachAll(document);
listenForDialogs();
listenForKeys();
listenForToasts();
htmx.onLoad(attachAll);
