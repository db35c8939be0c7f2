"""Storage of a study's trials: a SQLite file, or a PostgreSQL server that several machines share."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit, urlunsplit

from gts.errors import UsageError

_SERVER_SCHEME = "postgresql+psycopg"
_SERVER_SCHEMES = ("postgresql", "postgres", _SERVER_SCHEME)
_FILE_SCHEMES = ("sqlite", "sqlite+pysqlite")
_PASSWORDS: dict[str, str] = {}
"""Passwords given to this process, by address without password. They are neither stored nor put into the environment, which
every child process would inherit."""
_QUERY_PASSWORD = re.compile(r"(?i)(^|&)(password|sslpassword)=[^&]*")


@dataclass(frozen=True)
class StorageLocation:
    """A SQLite file or a server."""

    path: Path | None = None
    """The SQLite file; None for a server."""
    url: str = ""
    """URL of the server, with its password if one was given; must never be shown or stored."""

    @property
    def is_shared(self) -> bool:
        """Whether several owners can work on one study here."""
        return self.path is None

    @property
    def display_url(self) -> str:
        """Path or URL without its password, safe to print and store."""
        if self.path is not None:
            return str(self.path)
        parts = urlsplit(self.url)
        user, at, host = parts.netloc.rpartition("@")
        query = _QUERY_PASSWORD.sub("", parts.query).lstrip("&")
        return urlunsplit(parts._replace(netloc=user.partition(":")[0] + at + host, query=query))

    @property
    def password(self) -> str:
        """The password in the URL, else the one remembered for this address; empty if there is none."""
        if self.path is not None:
            return ""
        parts = urlsplit(self.url)
        own = unquote(parts.password or "") or dict(parse_qsl(parts.query)).get("password", "")
        return own or _PASSWORDS.get(self.display_url, "")

    def remember_password(self) -> None:
        """Use the URL's password for this address in this process, so that the address can be passed on without it."""
        if self.password:
            _PASSWORDS[self.display_url] = self.password

    def __repr__(self) -> str:
        return f"StorageLocation({self.display_url})"


def parse_storage_url(text: str) -> StorageLocation:
    """Parse a storage argument: a path, `sqlite:///path` or `postgresql+psycopg://user@host/database`.

    Raises UsageError for any other URL.
    """
    scheme, separator, address = text.partition("://")
    if not separator:
        return StorageLocation(Path(text).expanduser())
    if scheme in _FILE_SCHEMES:
        return StorageLocation(Path(unquote(address.partition("?")[0].removeprefix("/"))))
    if scheme in _SERVER_SCHEMES:
        try:
            urlsplit(text).port  # noqa: B018 - the property validates the port
        except ValueError as error:
            raise UsageError(f"invalid storage URL: {error}") from None
        return StorageLocation(url=f"{_SERVER_SCHEME}://{address}")
    hint = f"name a file, or a PostgreSQL database: {_SERVER_SCHEME}://USER@HOST/DATABASE"
    raise UsageError(f'unknown kind of storage "{scheme[:30]}"', hint=hint)


def split_study_name(text: str) -> tuple[str, str]:
    """Split `trials.db#hopper` into storage and study name; the name is empty without `#`."""
    storage, mark, name = text.rpartition("#")
    return (storage, name) if mark else (text, "")
