// The ws extension looks for a global of this name; modules run in the order of their imports, so it is there in time.
import htmx from "htmx.org";

window.htmx = htmx;
export default htmx;
