"""What the slim door sends as files: the tracker, its extras, and the schema of what is sent."""

from http import HTTPStatus

from .door_paths import EXTRAS, SCHEMA, SCRIPT
from .door_responses import Scope, Send, respond
from .schema import schema_file
from .tracker_file import TrackerFile, extra_for, is_unchanged, tracker_for

NOT_BUILT = b"The tracker isn't built: run `npm run build`.\n"
# Of no build that is still kept (see docs/deploying.md). Nobody may remember it: another door may have it.
GONE = b"The builds of the tracker here have no such file.\n"
GONE_HEADERS = {
    "Content-Type": "text/plain; charset=utf-8",
    "Cache-Control": "no-store",
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
}


async def respond_file(path: str, scope: Scope, send: Send) -> None:
    headers = dict(scope["headers"])
    is_head = scope["method"] == "HEAD"
    file = _file_of(path, headers.get(b"accept-encoding", b"").decode("latin-1"))
    if file is None and path == SCRIPT:
        await respond(
            send, HTTPStatus.SERVICE_UNAVAILABLE, NOT_BUILT, GONE_HEADERS | {"Retry-After": "60"}, is_head=is_head
        )
    elif file is None:
        await respond(send, HTTPStatus.NOT_FOUND, GONE, GONE_HEADERS, is_head=is_head)
    elif is_unchanged(headers.get(b"if-none-match", b"").decode("latin-1"), file.headers["ETag"]):
        kept = {name: value for name, value in file.headers.items() if not name.startswith("Content-")}
        await respond(send, HTTPStatus.NOT_MODIFIED, b"", kept)
    else:
        await respond(send, HTTPStatus.OK, file.content, file.headers, is_head=is_head)


def _file_of(path: str, accept_encoding: str) -> TrackerFile | None:
    if path == SCRIPT:
        return tracker_for(accept_encoding)
    if path == SCHEMA:
        return schema_file()
    return extra_for(f"x/{path.removeprefix(EXTRAS)}", accept_encoding)
