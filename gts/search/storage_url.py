"""Where the trials of a study are: a SQLite file, or a PostgreSQL server that several machines share."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from gts.errors import UsageError

_SERVER = "postgresql+psycopg"
_SERVERS = ("postgresql", "postgres", _SERVER)
_FILES = ("sqlite", "sqlite+pysqlite")
_IN_QUERY = re.compile(r"(?i)(^|&)(password|sslpassword)=[^&]*")


@dataclass(frozen=True)
class Place:
    """A storage: a file, or a server."""

    path: Path | None = None
    """The SQLite file; None for a server."""
    url: str = ""
    """Of the server, with the password where one was given; never to be shown or kept."""

    @property
    def shared(self) -> bool:
        """Whether several owners can work on a study here."""
        return self.path is None

    @property
    def shown(self) -> str:
        """Without password, so that it can be printed and kept."""
        if self.path is not None:
            return str(self.path)
        parts = urlsplit(self.url)
        user, at, host = parts.netloc.rpartition("@")
        query = _IN_QUERY.sub("", parts.query).lstrip("&")
        return urlunsplit(parts._replace(netloc=user.partition(":")[0] + at + host, query=query))

    def __repr__(self) -> str:
        return f"Place({self.shown})"


def place_of(word: str) -> Place:
    """The storage that a word names: a path, `sqlite:///path`, `postgresql+psycopg://user@host/database`.

    Raises UsageError for an address that is neither.
    """
    scheme, separator, rest = word.partition("://")
    if not separator:
        return Place(Path(word).expanduser())
    if scheme in _FILES:
        return Place(Path(unquote(rest.partition("?")[0].removeprefix("/"))))
    if scheme in _SERVERS:
        try:
            urlsplit(word).port  # noqa: B018 - it is checked when it is read
        except ValueError as error:
            raise UsageError(f"the address of the storage cannot be read: {error}") from None
        return Place(url=f"{_SERVER}://{rest}")
    hint = f"name a file, or a PostgreSQL database: {_SERVER}://USER@HOST/DATABASE"
    raise UsageError(f'cannot keep trials in "{scheme[:30]}"', hint=hint)


def split_name(word: str) -> tuple[str, str]:
    """`trials.db#hopper` → (`trials.db`, `hopper`): a storage, and the study in it where several are."""
    storage, mark, name = word.rpartition("#")
    return (storage, name) if mark else (word, "")
