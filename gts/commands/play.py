"""`gts play`: watch what was learned.

What can be played, and where it is shown; for the commands that do.
"""

from __future__ import annotations

import locale
import math
import os
import re
import secrets
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from gts.commands.command import Argument, Command, Context, Note, Option, Result
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


FASTEST = 100.0
MOST_SEED = 2**31 - 1
PICTURE = range(16, 4097)
"""Pixels that a side of a video may have."""


@dataclass(frozen=True)
class Filming:
    """How far a video is."""

    pictures: int
    loop: int
    loops: int


@dataclass(frozen=True)
class Played(Result):
    """What was played."""

    files: tuple[str, ...]
    place: Literal["window", "terminal", "video", "stream"]
    seed: int
    """Brings the same starts again."""
    video: dict[str, Any] | None = None
    """What was written: path, pictures, fps, width, height, renderer."""


def run(
    context: Context,
    *,
    references: Sequence[str],
    keep_on: bool,
    loops: int,
    frames: int,
    seed: int | None,
    stochastic: bool,
    speed: float,
    place: Place | None,
    glyphs: Glyphs | None,
    fps: int,
    follow: bool,
    stream: bool,
    video: str | None,
    size: str | None,
) -> Iterator[Any]:
    """Play everything that was named, one after another; yields notes and how far a video is, then the result."""
    from gts.playback.session import Wish

    if not (math.isfinite(speed) and 0 < speed <= FASTEST):
        raise UsageError(f"the speed must be above 0 and at most {FASTEST:g}, not {speed:g}", hint="1 is real time")
    if sum((place is not None, stream, video is not None)) > 1:
        raise UsageError("`--in`, `--stream` and `--video` exclude each other", hint="choose one of them")
    if size is not None and video is None:
        raise UsageError("`--size` is the size of a video", hint="name one: --video FILE.mp4")
    sides = _sides(size) if size is not None else None
    files = tuple(str(path) for word in references for path in playable(context, word, newest=follow))
    wish = Wish(
        files=files,
        loops=0 if follow else loops,
        frames=frames,
        seed=secrets.randbelow(MOST_SEED + 1) if seed is None else seed,
        keep_on=keep_on,
        stochastic=stochastic,
        rate=speed,
        fps=fps,
        follow=follow,
    )
    if video is not None:
        yield from _film(wish, video, sides)
    elif stream:
        yield _stream(wish)
    else:
        yield from _show(wish, place, glyphs)


def _show(wish: Wish, asked: Place | None, glyphs: Glyphs | None) -> Iterator[Any]:
    place, why = choose_place(asked)
    if place == "window":
        from gts.playback.display import show_in_window

        opened, failure = show_in_window(wish)
        if opened or asked == "window":
            raise_failure(failure)
            yield _played(wish, "window")
            return
        place, why = choose_place("terminal")[0], failure.message if failure else "the window did not open"
    if why:
        yield Note(f"playing in the terminal: {why}")
    show_in_terminal([wish], glyphs)
    yield _played(wish, "terminal")


def _stream(wish: Wish) -> Played:
    from gts.playback.frame_server import Pipes, produce

    produce(wish, Pipes(INPUT, OUTPUT))
    return _played(wish, "stream")


def _film(wish: Wish, path: str, size: tuple[int, int] | None) -> Iterator[Any]:
    from gts.playback.session import open_playback
    from gts.playback.video import VideoProgress, write_video

    if wish.follow:
        raise UsageError("a video has an end, following has none", hint="leave `--follow` out")
    if len(wish.files) > 1:
        raise UsageError(f"a video shows one of them, not {len(wish.files)}", hint="name one checkpoint")
    written: Any = None
    for told in write_video(open_playback(wish, wish.files[0]), path, loops=wish.loops, speed=wish.rate, size=size):
        if isinstance(told, VideoProgress):
            yield Filming(told.pictures, told.loop, told.loops)
        else:
            written = told
    facts = {name: getattr(written, name) for name in ("path", "pictures", "fps", "width", "height", "renderer")}
    if written.note:
        yield Note(f"drawn without GL: {written.note}")
    yield _played(wish, "video", facts)


def _sides(size: str) -> tuple[int, int]:
    """Width and height; raises UsageError."""
    found = re.fullmatch(r"(\d{1,9})[x×](\d{1,9})", size)
    if found is None or any(int(side) not in PICTURE for side in found.groups()):
        raise UsageError(
            f"`{size}` is no size of a video", hint=f"width x height, each from {PICTURE[0]} to {PICTURE[-1]}: --size 640x480"
        )
    return int(found[1]), int(found[2])


def _played(wish: Wish, place: Literal["window", "terminal", "video", "stream"], video: dict[str, Any] | None = None) -> Played:
    return Played(wish.files, place, wish.seed or 0, video)


COMMAND = Command(
    name="play",
    summary="Watch what was learned: in a window, in the terminal, as a video.",
    group="looking",
    run=run,
    heavy=True,
    help="Plays in real time, with deterministic actions on exact physics, each loop from a new random start: the same ones as "
    "the episodes of `gts score --seed SEED`. A window opens where there is a display; over ssh and without one the figure is "
    "drawn in the terminal. Of a run its best policies play, or, with --follow, what it recorded at its newest evaluation.\n\n"
    "Keys: space pauses, → makes a step, R restarts, K keeps on after a fall, N takes the next of several, + and - change the "
    "speed in the terminal, Q ends.\n\n"
    "--stream writes the frames as lines of JSON; gts/playback/stream.py describes them.",
    arguments=(Argument("references", "What to play: checkpoints, runs.", "checkpoint", multiple=True, metavar="CHECKPOINT"),),
    options=(
        Option(("-k", "--keep-on"), "Go on after a fall.", "flag"),
        Option(("-l", "--loops"), "How often each plays; 0: for ever.", "integer", default=2, minimum=0, metavar="N"),
        Option(("-n", "--frames"), "Longest loop, in steps; 0: endless.", "integer", default=500, minimum=0, metavar="N"),
        Option(
            ("-r", "--seed"), "Chooses the starts; random without it.", "integer", minimum=0, maximum=MOST_SEED, metavar="S"
        ),
        Option(("--stochastic",), "Explore as in training.", "flag"),
        Option(("--speed",), "How fast; 1 is real time.", "number", default=1.0, metavar="X"),
        Option(("--in",), "Where to show it.", "choice", choices=("window", "terminal"), name="place"),
        Option(("--glyphs",), "What to draw with in the terminal.", "choice", choices=("braille", "half", "ascii")),
        Option(
            ("--fps",),
            "Most pictures a second in the terminal.",
            "integer",
            default=15,
            minimum=1,
            maximum=60,
            metavar="N",
        ),
        Option(("-f", "--follow"), "Watch a run learn: always its newest trajectory.", "flag"),
        Option(("--stream",), "Write the frames to standard output.", "flag"),
        Option(("-v", "--video"), "Write a video instead.", completion="file", metavar="FILE.mp4|.gif"),
        Option(("--size",), "Width and height of the video; 640x480, of a GIF 480x360.", metavar="WxH"),
    ),
    long=True,
    examples=(
        "gts play hopperPPO.checkpoint -l 0",
        "gts play runs/20261122-081530-hopperPPO-k3f/member1/*.checkpoint",
        "gts play @last --follow",
        "gts play hopperPPO.checkpoint -r 7 -v hopper.mp4",
    ),
)
