"""The page by plain HTTP: where it leads, how it is encrypted, what it answers. Bounded in time, size and hops.

Redirects are followed by hand, so that each address on the way is judged by the guard before anybody connects to it.
"""

import codecs
import ssl
import time
import zlib
from urllib.parse import urlsplit

import httpcore

from apps.core.http import Deadline, GuardedBackend, Late
from apps.core.outbound import Guard, PrivateAddress, UnknownName

from .findings import Fetched, Trouble
from .written import joined

MOST_HOPS = 10  # as browsers, about
MOST_BYTES = 2 * 2**20
CHUNK = 65_536
REDIRECTS = frozenset({301, 302, 303, 307, 308})
USER_AGENT = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{version}.0.0.0 Safari/537.36 "
    "BeaconCheck/1"
)
VERSION = "147"
HEADERS = [
    ("User-Agent", USER_AGENT.format(version=VERSION)),
    ("Accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"),
    ("Accept-Language", "en"),
    ("Accept-Encoding", "gzip"),
]
# What may go wrong on the way, with a cause of its own each.
FAILURES = (
    OSError, httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException, Late, zlib.error,
)  # fmt: skip
# What pages are written in, by Python's names (WHATWG Encoding Standard). Python knows more, which aren't letters'
# (punycode, whose reading takes time by the square) or refuse to replace what they can't read.
CHARSETS = frozenset(
    ["utf-8", "utf-16", "utf-16-le", "utf-16-be", "ascii", "big5", "euc_jp", "euc_kr", "gb18030", "gb2312", "gbk",
     "iso2022_jp", "koi8-r", "koi8-u", "mac-roman", "shift_jis", "cp866", "cp874", "cp949", "cp932"]
    + [f"iso8859-{number}" for number in range(1, 17) if number != 12] + [f"cp{number}" for number in range(1250, 1259)]
)  # fmt: skip
# OpenSSL's numbers (x509_vfy.h) for what is wrong with a certificate.
TLS_KINDS = {
    9: "tls_expired",  # not yet valid
    10: "tls_expired",
    18: "tls_self_signed",
    19: "tls_unknown_ca",  # self-signed, in the chain: an authority of one's own
    20: "tls_unknown_ca",
    21: "tls_unknown_ca",
    62: "tls_wrong_host",
    64: "tls_wrong_host",
}


def page_fetch(url: str, *, guard: Guard, seconds: float, trusts: ssl.SSLContext | None = None) -> Fetched:
    """Return what a GET of a page leads to. Never raises: what is in the way is the result's `trouble`.

    `trusts`: the authorities that are believed; those of the system by default.
    """
    begun = time.monotonic()
    found = Fetched(hops=[url])
    context = trusts or ssl.create_default_context()
    deadline = Deadline(begun + seconds)
    with httpcore.ConnectionPool(ssl_context=context, network_backend=GuardedBackend(guard, deadline)) as pool:
        try:
            _follow(pool, found, deadline)
        except (
            OSError,
            httpcore.NetworkError,
            httpcore.ProtocolError,
            httpcore.TimeoutException,
            Late,
            zlib.error,
        ) as error:
            found.trouble = _trouble(error, found.host)
        except (httpcore.UnsupportedProtocol, ValueError, UnicodeError) as error:
            found.trouble = Trouble(
                "unreachable", found.host, f"{found.url[:200]} isn’t an address of a page ({error})"
            )
    found.milliseconds = round(1000 * (time.monotonic() - begun))
    return found


def _follow(pool: httpcore.ConnectionPool, found: Fetched, deadline: Deadline) -> None:
    while True:
        target = _ask(pool, found, deadline)
        if not target:
            return
        hop = joined(found.url, target.strip())
        if not hop:
            found.trouble = Trouble("unreachable", found.host, "it sends its visitors on to an address that is none")
            return
        found.hops.append(hop)
        if len(found.hops) > MOST_HOPS:
            found.trouble = Trouble("redirects", found.host)
            return


def _ask(pool: httpcore.ConnectionPool, found: Fetched, deadline: Deadline) -> str:
    """Ask for the last hop. Returns where it redirects to; empty where it is the page itself."""
    url = found.url
    if urlsplit(url).scheme not in ("http", "https"):
        raise httpcore.UnsupportedProtocol("only http and https are opened")
    limits = {"timeout": dict.fromkeys(("connect", "read", "write", "pool"), deadline.left())}
    with pool.stream("GET", _ascii(url), headers=HEADERS, extensions=limits) as response:
        headers = [(key.decode("latin-1").lower(), value.decode("latin-1")) for key, value in response.headers]
        found.status, found.headers = response.status, headers
        target = found.header("location") if response.status in REDIRECTS else ""
        if not target:
            found.body = _text(_read(response, deadline), headers)
        return target


def _read(response: httpcore.Response, deadline: Deadline) -> bytes:
    """Return the body's first MOST_BYTES, unpacked; what is behind them is left."""
    is_packed = any(key.lower() == b"content-encoding" and b"gzip" in value for key, value in response.headers)
    unpack = zlib.decompressobj(16 + zlib.MAX_WBITS) if is_packed else None
    body = bytearray()
    for chunk in response.iter_stream():
        deadline.left()
        body += unpack.decompress(chunk, MOST_BYTES) if unpack else chunk
        if len(body) >= MOST_BYTES:
            break
    return bytes(body[:MOST_BYTES])


def _text(body: bytes, headers: list[tuple[str, str]]) -> str:
    kind = next((value for key, value in headers if key == "content-type"), "")
    charset = kind.partition("charset=")[2].split(";")[0].strip(" \"'") or "utf-8"
    try:
        is_known = codecs.lookup(charset).name in CHARSETS
    except (LookupError, ValueError):
        is_known = False
    return body.decode(charset if is_known else "utf-8", "replace")


def _ascii(url: str) -> str:
    """Return an address as it goes over the wire: names in punycode, other letters percent-encoded."""
    parts = urlsplit(url)
    host = (parts.hostname or "").encode("idna").decode() if not (parts.hostname or "").isascii() else parts.hostname
    at = f"[{host}]" if host and ":" in host else host or ""
    netloc = at + (f":{parts.port}" if parts.port else "")
    path = "".join(one if one.isascii() and one not in ' "<>' else _percent(one) for one in parts.path or "/")
    query = "".join(one if one.isascii() and one not in ' "<>' else _percent(one) for one in parts.query)
    return f"{parts.scheme}://{netloc}{path}" + (f"?{query}" if query else "")


def _percent(letter: str) -> str:
    return "".join(f"%{byte:02X}" for byte in letter.encode())


def _trouble(error: Exception, host: str) -> Trouble:
    for one in _causes(error):
        if isinstance(one, PrivateAddress):
            return Trouble("private", one.host, address=one.address)
        if isinstance(one, UnknownName):
            return Trouble("name", one.host)
        if isinstance(one, ssl.SSLCertVerificationError):
            return Trouble(TLS_KINDS.get(one.verify_code, "tls_broken"), host, one.verify_message)
        if isinstance(one, ssl.SSLError):
            return Trouble("tls_broken", host, (one.reason or "the handshake fails").replace("_", " ").lower())
        if isinstance(one, ConnectionRefusedError):
            return Trouble("unreachable", host, "it refuses the connection")
    if isinstance(error, Late | httpcore.TimeoutException | TimeoutError):
        return Trouble("unreachable", host, "it doesn’t answer in time")
    if isinstance(error, zlib.error):
        return Trouble("unreachable", host, "its answer is marked as gzip, and isn’t")
    if isinstance(error, httpcore.ProtocolError):
        return Trouble("unreachable", host, "it answers something that isn’t HTTP")
    return Trouble("unreachable", host, "the connection fails")


def _causes(error: BaseException | None) -> list[BaseException]:
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found
