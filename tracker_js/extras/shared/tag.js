/** The site's tag, as an extra finds it: the core hands its own addresses to nobody. */

import { element, safe } from "./own.js";

const endpointOf = (tag) => new URL(tag.dataset.api || "api/track/batch", tag.src);
const folder = String(new URL(".", element.src)); // of the extras, which lies beside the endpoint

/** Of all scripts with a site's id (other products' have one too) the one beside whose endpoint the extras lie. */
const tag = [...document.querySelectorAll("script[data-site-id]")].find(
  safe((tag) => new URL("x/", endpointOf(tag)) == folder),
);

/** Its data attributes; without it, as with the module, there are none. */
export const options = (tag || { dataset: {} }).dataset;

const endpoint = String(tag ? endpointOf(tag) : new URL("../batch", folder));

/** Whether a request is the tag's own. */
export const isOwnRequest = (address) => address == endpoint || !address.indexOf(folder);
