"""What can be played, and where it is shown; for the commands that do."""

from __future__ import annotations

import locale
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from gts.commands.command import Context
from gts.commands.resolve import Reference, locate, refer
from gts.errors import FileError, GtsError, MissingError, UsageError, WorkError
from gts.store.workspace import RunFolder

if TYPE_CHECKING:
    from gts.playback.drawing import Glyphs
    from gts.playback.session import Wish
    from gts.playback.stream import Failure

Place = Literal["window", "terminal"]

INPUT, OUTPUT = 0, 1
"""The descriptors between which a person sits."""
ERRORS: Mapping[int, type[GtsError]] = {2: FileError, 3: MissingError}


def playable(context: Context, word: str, *, newest: bool = False) -> tuple[Path, ...]:
    """The files that play what a word names: a checkpoint or a trajectory, or those of the members of a run.

    Of a run these are its best policies, or, `newest`, what it recorded last. Raises FileError for what cannot be read,
    UsageError for what has learned nothing.
    """
    path = locate(context, word)
    if path.suffix == ".trajectory":
        from gts.formats.trajectory import read_trajectory

        read_trajectory(path)
        return (path,)
    reference = refer(context, word)
    if reference.kind == "run":
        return _of_run(reference.run, newest=newest)
    if newest:
        raise UsageError(f"{word} is no run, so there is nothing to follow", hint="name a run, such as @last")
    if reference.kind != "checkpoint":
        raise _learned_nothing(reference)
    from gts.formats.checkpoint import read_header

    read_header(reference.path)
    return (reference.path,)


def _of_run(folder: RunFolder, *, newest: bool) -> tuple[Path, ...]:
    """One file a member, of those that have one."""
    found = []
    for member in range(folder.members()):
        trajectory, best = folder.trajectory(member), folder.best(member)
        choices = (trajectory, best, *reversed(folder.lasts(member)))
        chosen = next((path for path in (choices if newest else (*choices[1:], trajectory)) if path.is_file()), None)
        if chosen is not None:
            found.append(chosen)
    if not found:
        raise FileError(
            f"the run {folder.id} has nothing to play yet", hint=f"wait for its first evaluation: gts tail {folder.id}"
        )
    return tuple(found)


def _learned_nothing(reference: Reference) -> UsageError:
    does = "search" if reference.kind == "space" else "train"
    hint = f"gts {does} {reference.word}, and play what comes out"
    return UsageError(f"{reference.word} is a {reference.kind}, which has learned nothing", hint=hint)


def choose_place(asked: Place | None) -> tuple[Place, str]:
    """Where to show things, and why not in a window, empty where nobody needs to be told.

    Raises MissingError where there is no such place.
    """
    from gts.playback.display import why_no_window
    from gts.playback.painter import can_paint

    no_terminal = can_paint(os.environ, OUTPUT)
    if asked == "terminal":
        if no_terminal:
            raise MissingError(no_terminal, hint="`--in window` opens a window, `-v FILE.mp4` writes a video")
        return "terminal", ""
    remote = bool(os.environ.get("SSH_CONNECTION") or os.environ.get("SSH_TTY")) and not asked
    why = "over ssh a window would be slow; `--in window` opens one" if remote else why_no_window()
    if not why:
        return "window", ""
    if asked == "window":
        raise MissingError(f"no window can be opened: {why}", hint="`--in terminal` draws in the terminal")
    if no_terminal:
        raise MissingError(
            f"there is nowhere to play: {no_terminal}, and {why}", hint="`-v FILE.mp4` writes a video, `--stream` the frames"
        )
    return "terminal", why


def show_in_terminal(wishes: Sequence[Wish], glyphs: Glyphs | None) -> None:
    """Play in the terminal, side by side, until the end. Raises what the players could not do."""
    from gts.playback.painter import colours_of, glyphs_for
    from gts.playback.watch import watch

    encoding = getattr(sys.stdout, "encoding", None) or locale.getpreferredencoding(False)
    letters = glyphs or glyphs_for(os.environ, encoding)
    raise_failure(watch(wishes, glyphs=letters, colours=colours_of(os.environ), source=INPUT, target=OUTPUT))


def raise_failure(failure: Failure | None) -> None:
    """A failure of another process, as an error of this one."""
    if failure is not None:
        raise ERRORS.get(failure.exit_code, WorkError)(failure.message, hint=failure.hint)
