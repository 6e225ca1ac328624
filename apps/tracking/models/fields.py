"""Kinds of columns that only tracking's tables have."""

from typing import TYPE_CHECKING, Any

from django.db import models

if TYPE_CHECKING:
    TextField = models.TextField[str, str]
else:
    TextField = models.TextField


class SparseTextField(TextField):
    """Text that nearly no row has: empty is stored as NULL, which takes no room, and read as empty.

    So it can't be asked for by `=""`; ask by `__isnull`.
    """

    def from_db_value(self, value: str | None, *_: object) -> str:
        return value or ""

    def get_prep_value(self, value: Any) -> Any:
        return super().get_prep_value(value) or None
