"""What people see when something broke: whether it was us or the database, in plain words, with the request's id."""

import sys
from http import HTTPStatus

from django.db import DatabaseError, InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.views.decorators.csrf import requires_csrf_token
from redis.exceptions import RedisError

from .request_ids import request_id

RETRY_SECONDS = 10
# read_only_sql_transaction: a standby, or a server that was set to take no writes (a disk that is nearly full).
READ_ONLY = "25006"


@requires_csrf_token
def server_error(request: HttpRequest) -> HttpResponse:
    """Django's `handler500`, called while the exception is being handled.

    503 with Retry-After where a server that we need is away or takes no writes, else 500. Neither page asks one.
    """
    error = sys.exc_info()[1]
    context: dict[str, object] = {"request_id": request_id.get()}
    if is_read_only(error):
        return _unavailable(context | {"is_read_only": True})
    if isinstance(error, OperationalError | InterfaceError):
        return _unavailable(context | {"what": "The database"})
    if isinstance(error, RedisError):
        return _unavailable(context | {"what": "A server that Beacon needs"})
    return HttpResponse(render_to_string("500.html", context), status=HTTPStatus.INTERNAL_SERVER_ERROR)


def is_read_only(error: BaseException | None) -> bool:
    return isinstance(error, DatabaseError) and getattr(error.__cause__, "sqlstate", None) == READ_ONLY


def _unavailable(context: dict[str, object]) -> HttpResponse:
    headers = {"Retry-After": str(RETRY_SECONDS), "Cache-Control": "no-store"}
    content = render_to_string("503.html", context)
    return HttpResponse(content, status=HTTPStatus.SERVICE_UNAVAILABLE, headers=headers)
