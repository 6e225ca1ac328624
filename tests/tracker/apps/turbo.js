/** Turbo, as a site that is rendered on a server uses it: by being there. */

import "@hotwired/turbo";
