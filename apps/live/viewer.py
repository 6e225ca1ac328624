"""What one browser has on its screen, and the messages that bring it to the next picture. Pure: no queries."""

from collections.abc import Iterator, Sequence
from uuid import UUID

from .picture import Picture, gone_row
from .visits import Visit


class Viewer:
    """Remembers at most a screenful: what was sent of the list, and the fragments around it."""

    def __init__(self, *, only_companies: bool) -> None:
        self._only_companies = only_companies
        self._visits: dict[UUID, Visit] = {}
        self._parts: dict[str, str] = {}
        self._has_all = False

    def forget(self) -> None:
        """Take the screen for blank: the next picture is sent as a whole."""
        self._visits, self._parts, self._has_all = {}, {}, False

    def messages(self, picture: Picture) -> list[str]:
        """Return what to send; nothing where the screen shows the picture already."""
        visits = picture.visits(only_companies=self._only_companies)
        rows = list(self._row_messages(picture, visits))
        parts = [html for name, html in picture.parts.items() if self._parts.get(name) != html]
        self._visits = {visit.id: visit for visit in visits}
        self._parts = dict(picture.parts)
        self._has_all = True
        return [*rows, *(["".join(parts)] if parts else [])]

    def _row_messages(self, picture: Picture, visits: Sequence[Visit]) -> Iterator[str]:
        if not self._has_all:
            yield picture.all_rows(only_companies=self._only_companies)
            return
        there = {visit.id for visit in visits}
        changed = [gone_row(visit_id) for visit_id in self._visits if visit_id not in there]
        changed += [picture.changed_row(visit) for visit in visits if self._visits.get(visit.id, visit) != visit]
        if changed:
            yield "".join(changed)
        arrived = "".join(picture.new_rows(run, after=after) for after, run in self._runs(visits))
        if arrived:
            yield arrived

    def _runs(self, visits: Sequence[Visit]) -> Iterator[tuple[UUID | None, list[Visit]]]:
        """Return the visits that are new on the screen, neighbours together, with the one that they come after."""
        after: UUID | None = None
        run: list[Visit] = []
        for visit in visits:
            if visit.id not in self._visits:
                run.append(visit)
                continue
            if run:
                yield after, run
            after, run = visit.id, []
        if run:
            yield after, run
