"""`gts play`: watch what was learned."""

from __future__ import annotations

import math
import re
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from gts.commands.command import Argument, Command, Context, Note, Option, Result
from gts.commands.showing import INPUT, OUTPUT, Place, choose_place, playable, raise_failure, show_in_terminal
from gts.errors import UsageError

if TYPE_CHECKING:
    from gts.playback.drawing import Glyphs
    from gts.playback.session import Wish

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
