"""The columns of the list: which there are, which of them an address asks for, and what a file says in them."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from django.http import QueryDict
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from apps.core.countries import country_name
from apps.core.downloads import Cell
from apps.core.formats import NONE, duration, number
from apps.core.templatetags.ui import ago, local_day
from apps.scoring.formulas import as_shown
from apps.scoring.templatetags.scores import score as score_drawn
from apps.scoring.templatetags.scores import temperature as temperature_drawn
from apps.sites.models import Site

from .figures import CompanyRow
from .filter_fields import CATEGORIES, TEMPERATURES
from .listing import Listed
from .marks import Mark
from .page_words import KINDS
from .wanted import Sort

PARAMETER = "cols"


@dataclass
class Shown:
    """A company as the list shows it. `pages`: those that matter, or else (`reads_longest`) those read longest.

    `url`: of its page; the list's page alone puts it, and `cells`.
    """

    row: CompanyRow
    listed: Listed
    site: Site
    marks: Sequence[Mark] = ()
    pages: Sequence[str] = ()
    reads_longest: bool = True
    confidence_ratio: float | None = None
    clients: int = 1
    url: str = ""
    cells: SafeString = field(default_factory=SafeString)
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
    """A column beside the company's own. `heads` and `cells`: what a file has of it, one or several columns.

    `drawn`: what the page has in it, a text or HTML. `rests_on`: what that follows from, where rows share it; None: it
    is another for each row.
    """

    name: str
    label: str
    heads: tuple[str, ...]
    cells: Callable[[Shown], tuple[Cell, ...]]
    drawn: Callable[[Shown], str]
    rests_on: Callable[[Shown], Hashable] | None = None
    sort: Sort | None = None
    is_numeric: bool = False
    is_usual: bool = False
    is_of_several_sites: bool = False  # says nothing on the list of one
    cls: str = ""
    help: str = ""

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
    def cell_label(self) -> str:
        """Return the label that its cell needs where rows are cards; empty where it needs none."""
        return format_html(' data-label="{}"', self.label) if self.cls.startswith("c-more") else ""


_MANY = '<span class="paths">{}</span>'


def _pages_drawn(one: Shown) -> str:
    cls, rest = ("tag tag-line", ", read longest") if one.reads_longest else ("tag", "")
    pages = ((cls, page, rest, page) for page in one.pages)
    return format_html(_MANY, format_html_join("", '<span class="{}" title="{}{}">{}</span>', pages))


def _tags_drawn(one: Shown) -> str:
    tags = ((tag, tag) for tag in one.tags)
    return format_html(_MANY, format_html_join("", '<span class="tag" title="{}">{}</span>', tags))


COLUMNS = (
    Column(
        "temperature",
        "Temperature",
        ("Temperature",),
        lambda one: (one.temperature,),
        lambda one: temperature_drawn(one.listed.temperature),
        rests_on=lambda one: one.listed.temperature,
        sort=Sort.TEMPERATURE,
        is_usual=True,
        cls="c-temp",
        help="Hot from a score of 70, warm from 40, as it is this moment",
    ),
    Column(
        "score",
        "Score",
        ("Score",),
        lambda one: (one.score,),
        lambda one: score_drawn(one.listed.score, one.listed.temperature),
        rests_on=lambda one: (one.score, one.listed.temperature),
        sort=Sort.SCORE,
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
        lambda one: one.category or NONE,
        rests_on=lambda one: one.listed.category,
        sort=Sort.CATEGORY,
        is_usual=True,
        cls="c-cat second",
        help="By intent: Researching from 40, High Intent from 70",
    ),
    Column(
        "visits",
        "Visits",
        ("Visits",),
        lambda one: (one.row.visits,),
        lambda one: number(one.row.visits),
        rests_on=lambda one: one.row.visits,
        sort=Sort.VISITS,
        is_numeric=True,
        is_usual=True,
        cls="c-visits",
        help="Visits of this period that meet the filters",
    ),
    Column(
        "visitors",
        "Visitors",
        ("Visitors (daily, summed)",),
        lambda one: (one.row.visitors,),
        lambda one: number(one.row.visitors),
        rests_on=lambda one: one.row.visitors,
        sort=Sort.VISITORS,
        is_numeric=True,
        cls="c-more",
        help="Over several days the sum of daily visitors",
    ),
    Column(
        "pageviews",
        "Page views",
        ("Page views",),
        lambda one: (one.row.pageviews,),
        lambda one: number(one.row.pageviews),
        rests_on=lambda one: one.row.pageviews,
        sort=Sort.PAGEVIEWS,
        is_numeric=True,
        cls="c-more",
    ),
    Column(
        "engaged",
        "Engaged",
        ("Engaged seconds",),
        lambda one: (round(one.row.engaged_ms / 1000),),
        lambda one: duration(one.row.engaged_ms / 1000),
        sort=Sort.ENGAGED,
        is_numeric=True,
        cls="c-more",
        help="Time that pages were visible and the visitor active",
    ),
    Column(
        "first",
        "First seen",
        ("First seen (UTC)",),
        lambda one: (one.first_seen_at,),
        lambda one: local_day(one.first_seen_at, one.zone),
        sort=Sort.FIRST,
        cls="c-more second",
        help="By the client, on any of its sites",
    ),
    Column(
        "last",
        "Last seen",
        ("Last seen (UTC)",),
        lambda one: (one.row.last_at,),
        lambda one: ago(one.row.last_at, one.zone),
        sort=Sort.LAST,
        is_usual=True,
        cls="c-last second",
    ),
    Column(
        "pages",
        "Pages that matter",
        ("Pages that matter", "Pages read longest"),
        lambda one: ("", ", ".join(one.pages)) if one.reads_longest else (", ".join(one.pages), ""),
        _pages_drawn,
        rests_on=lambda one: (one.reads_longest, *one.pages),
        is_usual=True,
        cls="c-pages",
        help="Pages that scoring rules give points for; where none was seen, those read longest",
    ),
    Column(
        "source",
        "Source",
        ("Source (of most visits)",),
        lambda one: (one.row.source or "Direct",),
        lambda one: one.row.source or "Direct",
        rests_on=lambda one: one.row.source,
        sort=Sort.SOURCE,
        is_usual=True,
        cls="c-src second",
        help="Of most visits",
    ),
    Column(
        "site",
        "Site",
        ("Site seen last",),
        lambda one: (one.site.name,),
        lambda one: one.site.name,
        rests_on=lambda one: one.row.site_id,
        is_usual=True,
        is_of_several_sites=True,
        cls="c-site second",
    ),
    Column(
        "owner",
        "Owner",
        ("Owner",),
        lambda one: (", ".join(one.owners),),
        lambda one: ", ".join(one.owners) or NONE,
        rests_on=lambda one: tuple(one.owners),
        sort=Sort.OWNER,
        is_usual=True,
        cls="c-owner second",
    ),
    Column(
        "tags",
        "Tags",
        ("Tags",),
        lambda one: (", ".join(one.tags),),
        _tags_drawn,
        rests_on=lambda one: tuple(one.tags),
        sort=Sort.TAGS,
        is_usual=True,
        cls="c-tags",
    ),
    Column(
        "industry",
        "Industry",
        ("Industry",),
        lambda one: (one.row.industry,),
        lambda one: one.row.industry or NONE,
        rests_on=lambda one: one.row.industry,
        sort=Sort.INDUSTRY,
        cls="c-more second",
    ),
    Column(
        "country",
        "Country",
        ("Country (of the company)",),
        lambda one: (one.seat,),
        lambda one: one.seat or NONE,
        rests_on=lambda one: one.row.country,
        sort=Sort.COUNTRY,
        cls="c-more second",
    ),
    Column(
        "employees",
        "Employees",
        ("Employees",),
        lambda one: (one.size,),
        lambda one: one.size or NONE,
        sort=Sort.EMPLOYEES,
        cls="c-more second",
    ),
    Column(
        "confidence",
        "Confidence",
        ("Confidence in percent",),
        lambda one: (one.confidence,),
        lambda one: NONE if one.confidence is None else f"{one.confidence}%",
        sort=Sort.CONFIDENCE,
        is_numeric=True,
        cls="c-more",
        help="How sure we are that it is this company, by the surest reason",
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


def first_cells(one: Shown) -> tuple[Cell, ...]:
    return (one.row.name, one.row.domain, one.row.kind, "yes" if one.watched_by else "")
