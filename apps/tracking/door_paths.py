"""Which addresses the door answers, by their usual names and under a site's own path. Pure."""

from functools import lru_cache

from apps.sites.path_token import LENGTH, is_path_token

BATCH, EVENT, PIXEL = "/api/track/batch", "/api/track/event", "/api/track/pixel.gif"
SCRIPT, EXTRAS, SCHEMA = "/b.js", "/api/track/x/", "/api/track/schema.json"
# Under a site's own path: as short and as meaningless as it is.
OWN = {".js": SCRIPT, "/e": BATCH, "/p.gif": PIXEL}
OWN_EXTRAS = "/x/"
MAX_PATH = LENGTH + 64


def usual_path(path: str) -> str:
    """Return the usual name of what `path` names under a site's own path; `path` itself where it is none of these."""
    return _usual(path) if LENGTH < len(path) <= MAX_PATH else path


@lru_cache(maxsize=4096)
def _usual(path: str) -> str:
    token, rest = path[1 : LENGTH + 1], path[LENGTH + 1 :]
    if not is_path_token(token):
        return path
    if rest.startswith(OWN_EXTRAS):
        return EXTRAS + rest.removeprefix(OWN_EXTRAS)
    return OWN.get(rest, path)
