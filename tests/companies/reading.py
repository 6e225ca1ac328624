"""Reading pages and files of companies as a person would."""

import csv
import re
from html import unescape
from io import StringIO

ROW = re.compile(r'<tr role="row"[^>]*>\s*<td.*?</tr>', re.DOTALL)
CELL = re.compile(r'<td role="cell"[^>]*class="([^"]*)"[^>]*>(.*?)</td>', re.DOTALL)
TAG = re.compile(r"<[^>]+>")


def words(html: str) -> str:
    return " ".join(unescape(TAG.sub(" ", html)).split())


def table(html: str) -> list[list[str]]:
    """Return the cells of each row of the list, without the one to choose it by."""
    return [[words(cell) for what, cell in CELL.findall(row) if what != "c-check"] for row in ROW.findall(html)]


def companies(html: str) -> list[str]:
    """Return the listed companies' names, in order."""
    return [unescape(name) for name in re.findall(r'<a class="rowlink"[^>]*>([^<]*)</a>', html)]


def csv_rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(content.decode("utf-8-sig"))))
