"""What is in the way is said in one sentence that names it and what to do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from config.local.folders import DataFolder
from config.local.options import Options
from config.local.ports import require_free
from config.local.problem import Problem
from config.local.services import services_up


def refusal(action: Callable[[], object]) -> str:
    with pytest.raises(Problem) as caught:
        action()
    return str(caught.value)


def start(folder: DataFolder) -> None:
    with services_up(folder):
        pass


def is_one_sentence(text: str) -> bool:
    return "\n" not in text and text.endswith(".")


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"PORT": "web"}, "PORT must be a port number between 1 and 65535, but it is 'web'"),
        ({"PORT": "0"}, "PORT must be"),
        ({"PORT": "70000"}, "PORT must be"),
        ({"PORT": "٣٠٠٠"}, "PORT must be"),
        ({"TRACK_PORT": "-1"}, "TRACK_PORT must be"),
        ({"PORT": "9000", "TRACK_PORT": "9000"}, "PORT and TRACK_PORT are both 9000"),
        ({"PORT": "65535"}, "set TRACK_PORT"),
    ],
)
def test_a_wrong_port_is_named(environment: dict[str, str], words: str) -> None:
    text = refusal(lambda: Options.read(has_demo=False, environment=environment))
    assert words in text
    assert is_one_sentence(text)


def test_the_tracking_port_follows_the_port() -> None:
    options = Options.read(has_demo=False, environment={"PORT": "9000"})
    assert (options.port, options.track_port) == (9000, 9001)


def test_a_taken_port_is_named_with_a_way_out(taken_port: int) -> None:
    text = refusal(lambda: require_free("PORT", taken_port))
    assert f"Port {taken_port} is taken" in text
    assert "PORT=" in text


def test_a_file_in_place_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("not a folder")
    text = refusal(lambda: start(DataFolder(tmp_path / "data")))
    assert f"{tmp_path / 'data'} is a file where Beacon needs a folder" in text
    assert is_one_sentence(text)


def test_a_file_in_place_of_a_room(folder: DataFolder) -> None:
    folder.logs.write_text("not a folder")
    assert f"{folder.logs} is a file" in refusal(lambda: start(folder))


def test_a_folder_that_cannot_be_made() -> None:
    text = refusal(lambda: start(DataFolder(Path("/proc/beacon"))))
    assert "/proc/beacon" in text
    assert is_one_sentence(text)


@pytest.mark.usefixtures("cluster")
def test_a_database_of_another_version(folder: DataFolder) -> None:
    start(folder)
    (folder.postgres / "cluster" / "PG_VERSION").write_text("16\n")
    text = refusal(lambda: start(folder))
    assert "made by PostgreSQL 16, and this Beacon runs 18" in text
    assert is_one_sentence(text)


@pytest.mark.usefixtures("cluster")
def test_a_spoilt_database(folder: DataFolder) -> None:
    start(folder)
    (folder.postgres / "cluster" / "PG_VERSION").unlink()
    assert "put a backup in its place" in refusal(lambda: start(folder))


@pytest.mark.usefixtures("cluster")
def test_a_database_without_its_control_file(folder: DataFolder) -> None:
    start(folder)
    (folder.postgres / "cluster" / "global" / "pg_control").write_bytes(b"")
    text = refusal(lambda: start(folder))
    assert "PostgreSQL didn't start" in text
    assert str(folder.log("postgres")) in text


@pytest.mark.usefixtures("cluster")
def test_a_lost_password(folder: DataFolder) -> None:
    start(folder)
    (folder.postgres / "password").unlink()
    assert "password is missing" in refusal(lambda: start(folder))


@pytest.mark.usefixtures("cluster")
def test_a_wrong_password(folder: DataFolder) -> None:
    start(folder)
    (folder.postgres / "password").write_text("something else")
    assert "refuses the password" in refusal(lambda: start(folder))


@pytest.mark.usefixtures("cluster")
def test_a_spoilt_durable_file(folder: DataFolder) -> None:
    start(folder)
    (folder.valkey / "durable" / "appendonlydir" / "appendonly.aof.manifest").write_text("nonsense\n")
    text = refusal(lambda: start(folder))
    assert "Valkey (durable) didn't start" in text
    assert str(folder.log("valkey-durable")) in text
