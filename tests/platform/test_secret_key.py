"""The installation's secret key: made once, by whichever process comes first, and never read half-made."""

import stat
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import env
from config.local.folders import CHECKOUT

AT_ONCE = 6
FORMER = "BEACON_SECRET_KEY_FALLBACKS"
READ = "from config.env import secret_key; print(secret_key())"


def test_processes_that_start_at_once_have_one_key(tmp_path: Path) -> None:
    environment = {"BEACON_DATA_DIR": str(tmp_path / "data"), "PATH": ""}
    started = [
        subprocess.Popen([sys.executable, "-c", READ], cwd=CHECKOUT, env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(AT_ONCE)
    ]
    keys = {process.communicate()[0].strip() for process in started}
    assert len(keys) == 1
    assert len(keys.pop()) >= 32
    (path,) = (tmp_path / "data").iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_another_processes_key_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BEACON_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("BEACON_SECRET_KEY", raising=False)
    first = env.secret_key()
    # As for somebody who looked before the file was there and comes to make it after another has.
    assert env._key_made(tmp_path / "secret_key") == first == env.secret_key()


def test_former_keys_are_told_apart_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FORMER, f"{'a' * 32}, {'b' * 40},")
    assert env.former_keys(FORMER) == ["a" * 32, "b" * 40]
    monkeypatch.delenv(FORMER)
    assert env.former_keys(FORMER) == []


def test_half_a_former_key_stops_the_start_and_isnt_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FORMER, "half-a-key")
    with pytest.raises(ImproperlyConfigured, match=FORMER) as error:
        env.former_keys(FORMER)
    assert "half-a-key" not in str(error.value)
