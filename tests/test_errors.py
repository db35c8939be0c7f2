"""Tests of the exception tree and of the words for errors of the operating system."""

from __future__ import annotations

import errno
import os

import pytest

from gts.errors import reason


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (PermissionError(errno.EACCES, "Permission denied", "/some/File"), "permission denied"),
        (OSError("Cannot read from a closed pipe"), "cannot read from a closed pipe"),
        (ValueError("embedded null byte"), "embedded null byte"),
    ],
)
def test_reason_is_the_system_text_alone(error: Exception, text: str) -> None:
    assert reason(error) == text


def test_reason_of_a_real_error_has_no_number_and_no_path(tmp_path: os.PathLike[str]) -> None:
    with pytest.raises(OSError) as raised:
        os.open(os.path.join(tmp_path, "Missing"), os.O_RDONLY)
    assert reason(raised.value) == os.strerror(errno.ENOENT).lower()
