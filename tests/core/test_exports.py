"""What leaves as a spreadsheet."""

import pytest

from apps.core.exports import csv_response, harmless


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_it_disarms_what_a_spreadsheet_would_run(start: str) -> None:
    assert harmless(f"{start}HYPERLINK(1)") == f"'{start}HYPERLINK(1)"


def test_it_leaves_figures_and_texts_as_they_are() -> None:
    assert [harmless(cell) for cell in (-3, 1.5, "Zoë", None)] == [-3, 1.5, "Zoë", ""]


def test_it_names_the_file_and_says_its_encoding() -> None:
    response = csv_response("pages", ["Page", "Views"], [["/a,b", 3], ["=1+1", 0]])

    assert response["Content-Disposition"] == 'attachment; filename="pages.csv"'
    assert response.content.decode() == '\ufeffPage,Views\r\n"/a,b",3\r\n\'=1+1,0\r\n'
