"""A measured figure, and how figures are told."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from statistics import median


@dataclass(frozen=True)
class Figure:
    """One number. `goal` is written as people say it; `met` None: nothing to meet."""

    name: str
    value: float
    unit: str
    goal: str = ""
    met: bool | None = None
    runs: tuple[float, ...] = ()

    def as_json(self) -> dict[str, object]:
        return asdict(self)


def at_least(name: str, runs: Sequence[float], unit: str, least: float) -> Figure:
    value = median(runs)
    return Figure(name, value, unit, f">= {least:g}", value >= least, tuple(runs))


def below(name: str, runs: Sequence[float], unit: str, most: float) -> Figure:
    value = median(runs)
    return Figure(name, value, unit, f"< {most:g}", value < most, tuple(runs))


def plain(name: str, runs: Sequence[float], unit: str) -> Figure:
    return Figure(name, median(runs), unit, runs=tuple(runs))


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the value below which `percent` of the sorted values lie; 0 for none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))] if ordered else 0.0


def table(figures: Iterable[Figure]) -> str:
    rows = [("", "figure", "", "goal", "runs")]
    for figure in figures:
        mark = {True: "ok", False: "MISSED", None: ""}[figure.met]
        runs = " ".join(_number(run) for run in figure.runs)
        rows.append((mark, figure.name, f"{_number(figure.value)} {figure.unit}", figure.goal, runs))
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
