"""The tables of an agency's events, visits and accounts. Another app reads them by selectors and writes by services."""

from .accounts import LedgerLine, ParkedEntry, WriterPosition
from .consents import ConsentRecord
from .conversions import Conversion, ConversionMatch, GoalRun
from .imports import ImportJob
from .rollups import Rollup, RollupDay, RollupMark, VisitColumns
from .rules import ExclusionRule, VisitToJudge
from .visits import Event, Kind, Origin, PendingEngagement, Session, SessionAlias

__all__ = [
    "ConsentRecord",
    "Conversion",
    "ConversionMatch",
    "Event",
    "ExclusionRule",
    "GoalRun",
    "ImportJob",
    "Kind",
    "LedgerLine",
    "Origin",
    "ParkedEntry",
    "PendingEngagement",
    "Rollup",
    "RollupDay",
    "RollupMark",
    "Session",
    "SessionAlias",
    "VisitColumns",
    "VisitToJudge",
    "WriterPosition",
]
