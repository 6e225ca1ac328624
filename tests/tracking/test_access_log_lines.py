"""Lines of the combined format: what they say, and which of them are page views."""

from datetime import UTC, datetime

import pytest

from apps.tracking.accesslog import LogLine, Skip, page_target, parse_line, parse_moment

HEAD = "192.0.2.7 - - [17/May/2015:10:05:03 +0000] "


def test_it_takes_a_line_apart() -> None:
    line = HEAD + '"GET /docs/?q=1 HTTP/1.1" 200 203 "https://www.google.com/" "Mozilla/5.0 (X11; Linux x86_64)"'
    assert parse_line(line) == LogLine(
        client="192.0.2.7",
        at=datetime(2015, 5, 17, 10, 5, 3, tzinfo=UTC),
        request="GET /docs/?q=1 HTTP/1.1",
        status=200,
        referrer="https://www.google.com/",
        agent="Mozilla/5.0 (X11; Linux x86_64)",
    )


@pytest.mark.parametrize(
    ("end", "agent"),
    [
        ('"-" "Some \\"quoted\\" agent"', 'Some \\"quoted\\" agent'),
        ('"-" "Some "quoted" agent"', 'Some "quoted" agent'),
        ('"-" "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html', None),
        ('"-" "-"', ""),
        ('"-" ""', ""),
        ('"-" "Firefox" "198.51.100.4"', "Firefox"),
        ('"-" "Firefox" 0.004 backend', "Firefox"),
    ],
)
def test_it_reads_agents_with_quotes_in_them_or_without_their_end(end: str, agent: str | None) -> None:
    line = parse_line(HEAD + '"GET / HTTP/1.1" 200 1 ' + end)
    assert line is not None
    assert line.agent == (end[5:] if agent is None else agent)


@pytest.mark.parametrize(
    "line",
    [
        "shop.example:443 " + HEAD + '"GET / HTTP/2.0" 200 1 "-" "a"',
        "2001:db8::1 - ann [17/May/2015:10:05:03 +0000] " + '"GET / HTTP/1.1" 200 - "-" "a"',
        "host.example - ann smith [17/May/2015:10:05:03 +0000] " + '"GET / HTTP/1.1" 200 1 "-" "a"',
        HEAD + '"\\x16\\x03\\x01" 400 0 "-" "-"',
        HEAD + '"" 408 0 "-" "-"',
    ],
)
def test_it_reads_what_servers_write_besides(line: str) -> None:
    assert parse_line(line) is not None


@pytest.mark.parametrize(
    "line",
    [
        "",
        "nonsense",
        HEAD + '"GET / HTTP/1.1" 200 1',
        HEAD + '"GET / HTTP/1.1" 2000 1 "-" "a"',
        HEAD.replace("May", "Mai") + '"GET / HTTP/1.1" 200 1 "-" "a"',
        HEAD.replace("17/", "32/") + '"GET / HTTP/1.1" 200 1 "-" "a"',
    ],
)
def test_other_lines_arent_of_the_format(line: str) -> None:
    assert parse_line(line) is None


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("17/May/2015:10:05:03 +0000", datetime(2015, 5, 17, 10, 5, 3, tzinfo=UTC)),
        ("17/May/2015:00:05:03 +0200", datetime(2015, 5, 16, 22, 5, 3, tzinfo=UTC)),
        ("31/Dec/2015:23:30:00 -0930", datetime(2016, 1, 1, 9, 0, 0, tzinfo=UTC)),
        ("30/Jun/2015:23:59:60 +0000", datetime(2015, 6, 30, 23, 59, 59, tzinfo=UTC)),
        ("29/Feb/2015:10:05:03 +0000", None),
        ("2015-05-17T10:05:03Z", None),
    ],
)
def test_moments_become_utc(text: str, moment: datetime | None) -> None:
    assert parse_moment(text) == moment


@pytest.mark.parametrize(
    ("request_line", "status", "expected"),
    [
        ("GET / HTTP/1.1", 200, ("/", None)),
        ("GET /blog/geekery/?q=a b HTTP/1.1", 200, ("/blog/geekery/?q=a b", None)),
        ("GET /projects/xdotool/2.20110530 HTTP/1.1", 304, ("/projects/xdotool/2.20110530", None)),
        ("GET /index.html", 200, ("/index.html", None)),
        ("GET http://first.example/page HTTP/1.1", 200, ("http://first.example/page", None)),
        ("GET /scripts/configlib.py HTTP/1.1", 200, ("/scripts/configlib.py", None)),
        ("GET /style2.css?v=3 HTTP/1.1", 200, ("", Skip.ASSET)),
        ("GET /favicon.ICO HTTP/1.1", 200, ("", Skip.ASSET)),
        ("GET /robots.txt HTTP/1.1", 200, ("", Skip.ASSET)),
        ("GET /nowhere HTTP/1.1", 404, ("", Skip.ERROR)),
        ("GET /broken HTTP/1.1", 503, ("", Skip.ERROR)),
        ("GET /old HTTP/1.1", 301, ("", Skip.REDIRECT)),
        ("HEAD / HTTP/1.1", 200, ("", Skip.METHOD)),
        ("POST /form HTTP/1.1", 200, ("", Skip.METHOD)),
        ("\\x16\\x03\\x01", 400, ("", Skip.NOT_HTTP)),
        ("", 408, ("", Skip.NOT_HTTP)),
        ("-", 408, ("", Skip.NOT_HTTP)),
    ],
)
def test_it_tells_page_views_from_the_rest(request_line: str, status: int, expected: tuple[str, Skip | None]) -> None:
    line = LogLine("192.0.2.7", datetime(2015, 5, 17, tzinfo=UTC), request_line, status, "", "a")
    assert page_target(line) == expected
