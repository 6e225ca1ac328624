"""The columns of the list: which there are, which of them an address asks for, and what a file says in them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from django.http import QueryDict

from apps.core.countries import country_name
from apps.core.formats import NONE, duration, number
from apps.scoring.formulas import as_shown
from apps.sites.models import Site

from ..exports import Cell
from .filter_fields import CATEGORIES, TEMPERATURES
from .listing import CompanyRow, Listed, Sort
from .marks import Mark
from .page_words import KINDS

PARAMETER = "cols"


@dataclass
class Shown:
    """A company as the list shows it. `pages`: those that matter, or else (`reads_longest`) those read longest."""

    row: CompanyRow
    listed: Listed
    site: Site
    url: str
    marks: Sequence[Mark] = ()
    pages: Sequence[str] = ()
    reads_longest: bool = True
    confidence_ratio: float | None = None
    clients: int = 1
    cells: Sequence[tuple["Column", str | None]] = ()
    zone: ZoneInfo = field(init=False)

    def __post_init__(self) -> None:
        self.zone = ZoneInfo(self.site.time_zone)

    @property
    def kind(self) -> str:
        return KINDS.get(self.row.kind, KINDS["business"])

    @property
    def category(self) -> str:
        return CATEGORIES.get(self.listed.category, "")

    @property
    def temperature(self) -> str:
        return TEMPERATURES.get(self.listed.temperature, "")

    @property
    def score(self) -> int | None:
        return None if self.listed.score is None else as_shown(self.listed.score)

    @property
    def size(self) -> str:
        """Return how many people work there: "51–200", "10,000 and more"; empty where unknown."""
        least, most = self.row.employees_from, self.row.employees_to
        if least is None:
            return f"up to {number(most)}" if most is not None else ""
        if most is None:
            return f"{number(least)} and more"
        return number(least) if least == most else f"{number(least)}–{number(most)}"

    @property
    def seat(self) -> str:
        return country_name(self.row.country) if self.row.country else ""

    @cached_property
    def tags(self) -> list[str]:
        return sorted({tag for mark in self.marks for tag in mark.tags}, key=str.casefold)

    @property
    def owners(self) -> list[str]:
        """Return whom it belongs to; with the client's name where the list is over several."""
        return [f"{mark.owner} ({mark.client_name})" if self.clients > 1 else mark.owner for mark in self._owned]

    @property
    def _owned(self) -> list[Mark]:
        return [mark for mark in self.marks if mark.owner]

    @property
    def watched_by(self) -> str:
        """Return whose watchlist it is on, in words; empty for none."""
        names = [mark.client_name for mark in self.marks if mark.is_watched]
        if not names:
            return ""
        return f"on the watchlist of {', '.join(names)}" if self.clients > 1 else "on the watchlist"

    @property
    def first_seen_at(self) -> datetime | None:
        return min((mark.first_seen_at for mark in self.marks), default=None)

    @property
    def confidence(self) -> int | None:
        return None if self.confidence_ratio is None else round(100 * self.confidence_ratio)


@dataclass(frozen=True, slots=True)
class Column:
    """A column beside the company's own. `heads` and `cells`: what a file has of it, one or several columns."""

    name: str
    label: str
    heads: tuple[str, ...]
    cells: Callable[[Shown], tuple[Cell, ...]]
    sort: Sort | None = None
    is_numeric: bool = False
    is_usual: bool = False
    is_of_several_sites: bool = False  # says nothing on the list of one
    cls: str = ""
    help: str = ""
    # What the page says in it; None: more than a text, which the template draws.
    text: Callable[[Shown], str] | None = None

    @property
    def is_downwards(self) -> bool:
        """Whether pressing its head has the largest first."""
        return self.is_numeric or self.name in ("temperature", "category", "last", "first", "employees")

    @property
    def head_cls(self) -> str:
        return f"{self.cls} num" if self.is_figure and not self.is_downwards else self.cls

    @property
    def cell_cls(self) -> str:
        return f"num {self.cls}" if self.is_figure else self.cls

    @property
    def is_figure(self) -> bool:
        """Whether its cells are figures at their right end. A score has its bar beside it."""
        return self.is_numeric and self.name != "score"

    @property
    def is_labelled(self) -> bool:
        """Whether its cell needs its label where rows are cards."""
        return self.cls.startswith("c-more")


COLUMNS = (
    Column(
        "temperature",
        "Temperature",
        ("Temperature",),
        lambda one: (one.temperature,),
        Sort.TEMPERATURE,
        is_usual=True,
        cls="c-temp",
        help="Hot from a score of 70, warm from 40, as it is this moment",
    ),
    Column(
        "score",
        "Score",
        ("Score",),
        lambda one: (one.score,),
        Sort.SCORE,
        is_numeric=True,
        is_usual=True,
        cls="c-score",
        help="0 to 100, as it is this moment; over several sites the highest",
    ),
    Column(
        "category",
        "Category",
        ("Category",),
        lambda one: (one.category,),
        Sort.CATEGORY,
        is_usual=True,
        cls="c-cat second",
        help="By intent: Researching from 40, High Intent from 70",
        text=lambda one: one.category or NONE,
    ),
    Column(
        "visits",
        "Visits",
        ("Visits",),
        lambda one: (one.row.visits,),
        Sort.VISITS,
        is_numeric=True,
        is_usual=True,
        cls="c-visits",
        help="Visits of this period that meet the filters",
        text=lambda one: number(one.row.visits),
    ),
    Column(
        "visitors",
        "Visitors",
        ("Visitors (daily, summed)",),
        lambda one: (one.row.visitors,),
        Sort.VISITORS,
        is_numeric=True,
        cls="c-more",
        help="Over several days the sum of daily visitors",
        text=lambda one: number(one.row.visitors),
    ),
    Column(
        "pageviews",
        "Page views",
        ("Page views",),
        lambda one: (one.row.pageviews,),
        Sort.PAGEVIEWS,
        is_numeric=True,
        cls="c-more",
        text=lambda one: number(one.row.pageviews),
    ),
    Column(
        "engaged",
        "Engaged",
        ("Engaged seconds",),
        lambda one: (round(one.row.engaged_ms / 1000),),
        Sort.ENGAGED,
        is_numeric=True,
        cls="c-more",
        help="Time that pages were visible and the visitor active",
        text=lambda one: duration(one.row.engaged_ms / 1000),
    ),
    Column(
        "first",
        "First seen",
        ("First seen (UTC)",),
        lambda one: (one.first_seen_at,),
        Sort.FIRST,
        cls="c-more second",
        help="By the client, on any of its sites",
    ),
    Column(
        "last",
        "Last seen",
        ("Last seen (UTC)",),
        lambda one: (one.row.last_at,),
        Sort.LAST,
        is_usual=True,
        cls="c-last second",
    ),
    Column(
        "pages",
        "Pages that matter",
        ("Pages that matter", "Pages read longest"),
        lambda one: ("", ", ".join(one.pages)) if one.reads_longest else (", ".join(one.pages), ""),
        is_usual=True,
        cls="c-pages",
        help="Pages that scoring rules give points for; where none was seen, those read longest",
    ),
    Column(
        "source",
        "Source",
        ("Source (of most visits)",),
        lambda one: (one.row.source or "Direct",),
        Sort.SOURCE,
        is_usual=True,
        cls="c-src second",
        help="Of most visits",
        text=lambda one: one.row.source or "Direct",
    ),
    Column(
        "site",
        "Site",
        ("Site seen last",),
        lambda one: (one.site.name,),
        is_usual=True,
        is_of_several_sites=True,
        cls="c-site second",
        text=lambda one: one.site.name,
    ),
    Column(
        "owner",
        "Owner",
        ("Owner",),
        lambda one: (", ".join(one.owners),),
        Sort.OWNER,
        is_usual=True,
        cls="c-owner second",
        text=lambda one: ", ".join(one.owners) or NONE,
    ),
    Column("tags", "Tags", ("Tags",), lambda one: (", ".join(one.tags),), Sort.TAGS, is_usual=True, cls="c-tags"),
    Column(
        "industry",
        "Industry",
        ("Industry",),
        lambda one: (one.row.industry,),
        Sort.INDUSTRY,
        cls="c-more second",
        text=lambda one: one.row.industry or NONE,
    ),
    Column(
        "country",
        "Country",
        ("Country (of the company)",),
        lambda one: (one.seat,),
        Sort.COUNTRY,
        cls="c-more second",
        text=lambda one: one.seat or NONE,
    ),
    Column(
        "employees",
        "Employees",
        ("Employees",),
        lambda one: (one.size,),
        Sort.EMPLOYEES,
        cls="c-more second",
        text=lambda one: one.size or NONE,
    ),
    Column(
        "confidence",
        "Confidence",
        ("Confidence in percent",),
        lambda one: (one.confidence,),
        Sort.CONFIDENCE,
        is_numeric=True,
        cls="c-more",
        help="How sure we are that it is this company, by the surest reason",
        text=lambda one: NONE if one.confidence is None else f"{one.confidence}%",
    ),
)
BY_NAME = {column.name: column for column in COLUMNS}
FIRST_HEADS = ("Company", "Domain", "Kind", "Target account")


def columns_of(query: QueryDict, *, is_agency_wide: bool) -> list[Column]:
    """Return the columns that an address asks for, in the list's order; the usual ones for none or nonsense."""
    possible = [column for column in COLUMNS if is_agency_wide or not column.is_of_several_sites]
    names = {name for value in query.getlist(PARAMETER) for name in value.split(",")}
    chosen = [column for column in possible if column.name in names]
    return chosen or [column for column in possible if column.is_usual]


def cells_put(rows: Sequence[Shown], columns: Sequence[Column]) -> None:
    """Give each row its cells for the page: columns with their text, None for what the template draws."""
    for one in rows:
        one.cells = [(column, None if column.text is None else column.text(one)) for column in columns]


def first_cells(one: Shown) -> tuple[Cell, ...]:
    return (one.row.name, one.row.domain, one.row.kind, "yes" if one.watched_by else "")
