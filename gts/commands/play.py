"""`gts play`: play checkpoints and runs; and the choice of files and target that other commands share."""

from __future__ import annotations

import math
import os
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from gts.commands.command import Argument, Command, Context, Note, Option, Result
from gts.commands.resolve import Reference, resolve, resolve_path
from gts.errors import FileError, GtsError, MissingError, UsageError, WorkError
from gts.store.workspace import RunFolder

if TYPE_CHECKING:
    from gts.playback.drawing import CellGlyphs
    from gts.playback.session import PlaybackRequest
    from gts.playback.stream import PlaybackFailure


PlaybackTarget = Literal["window", "terminal"]

STDIN_FD, STDOUT_FD = 0, 1
"""Descriptors of the terminal."""
ERRORS_BY_EXIT_CODE: Mapping[int, type[GtsError]] = {2: FileError, 3: MissingError}


def find_playable_files(context: Context, word: str, *, newest: bool = False) -> tuple[Path, ...]:
    """Find the files to play for a reference: a checkpoint, a trajectory, or one per member of a run.

    Runs give their best checkpoints, with `newest` their newest trajectories. Raises FileError if a file cannot be read,
    UsageError for specs and spaces.
    """
    path = resolve_path(context, word)
    if path.suffix == ".trajectory":
        from gts.formats.trajectory import read_trajectory

        read_trajectory(path)
        return (path,)
    reference = resolve(context, word)
    if reference.kind == "run":
        return _playable_run_files(reference.run, newest=newest)
    if newest:
        raise UsageError(f"{word} is not a run; only runs can be followed", hint="name a run, such as @last")
    if reference.kind != "checkpoint":
        raise _not_trained_error(reference)
    from gts.formats.checkpoint import read_checkpoint_header

    read_checkpoint_header(reference.path)
    return (reference.path,)


def _playable_run_files(folder: RunFolder, *, newest: bool) -> tuple[Path, ...]:
    """One file per member that has one."""
    found = []
    for member in range(folder.member_count()):
        trajectory, best = folder.trajectory(member), folder.best_checkpoint(member)
        choices = (trajectory, best, *reversed(folder.last_checkpoints(member)))
        chosen = next((path for path in (choices if newest else (*choices[1:], trajectory)) if path.is_file()), None)
        if chosen is not None:
            found.append(chosen)
    if not found:
        raise FileError(
            f"the run {folder.id} has nothing to play yet", hint=f"wait for its first evaluation: gts tail {folder.id}"
        )
    return tuple(found)


def _not_trained_error(reference: Reference) -> UsageError:
    does = "search" if reference.kind == "space" else "train"
    hint = f"gts {does} {reference.word}, then play the result"
    return UsageError(f"{reference.word} is a {reference.kind}, which has no policy to play", hint=hint)


def choose_target(requested: PlaybackTarget | None) -> tuple[PlaybackTarget, str]:
    """Choose window or terminal; returns it with the reason why not a window, if that is worth a note.

    Raises MissingError if neither is possible.
    """
    from gts.playback.display import find_terminal_problem, find_window_problem

    no_terminal = find_terminal_problem(os.environ, STDOUT_FD)
    if requested == "terminal":
        if no_terminal:
            raise MissingError(no_terminal, hint="`--in window` opens a window, `-v FILE.mp4` writes a video")
        return "terminal", ""
    remote = bool(os.environ.get("SSH_CONNECTION") or os.environ.get("SSH_TTY")) and not requested
    why = "over ssh a window would be slow; `--in window` opens one" if remote else find_window_problem()
    if not why:
        return "window", ""
    if requested == "window":
        raise MissingError(f"no window can be opened: {why}", hint="`--in terminal` draws in the terminal")
    if no_terminal:
        raise MissingError(f"cannot play: {no_terminal}, and {why}", hint="`-v FILE.mp4` writes a video, `--stream` the frames")
    return "terminal", why


def play_in_terminal(requests: Sequence[PlaybackRequest], glyphs: CellGlyphs | None) -> None:
    """Play side by side in the terminal until the end; raises the failure of a playback, KeyboardInterrupt."""
    # Imported by name, since the engine does not depend on the terminal program.
    raise_failure(import_module("gts_tui.playback_app").run_playback_app(requests, glyphs))


def raise_failure(failure: PlaybackFailure | None) -> None:
    """Raise the failure of another process as an error of this one."""
    if failure is not None:
        raise ERRORS_BY_EXIT_CODE.get(failure.exit_code, WorkError)(failure.message, hint=failure.hint)


MAX_SPEED = 100.0
MAX_SEED = 2**31 - 1
VIDEO_SIDE_PIXELS = range(16, 4097)
"""Allowed widths and heights of a video."""


@dataclass(frozen=True)
class VideoProgressEvent:
    """Progress of a video."""

    pictures: int
    loop: int
    loops: int


@dataclass(frozen=True)
class PlayResult(Result):
    """The files that were played, and the target."""

    view: ClassVar[str] = "scores:render_play"
    files: tuple[str, ...]
    place: Literal["window", "terminal", "video", "stream"]
    seed: int
    """Seed of the starts."""
    video: dict[str, Any] | None = None
    """Path, pictures, fps, width, height and renderer of a written video."""


def run_play(
    context: Context,
    *,
    references: Sequence[str],
    keep_on: bool,
    loops: int,
    frames: int,
    seed: int | None,
    stochastic: bool,
    speed: float,
    place: PlaybackTarget | None,
    glyphs: CellGlyphs | None,
    fps: int,
    follow: bool,
    stream: bool,
    video: str | None,
    size: str | None,
) -> Iterator[Any]:
    """Play all references one after another; yields notes and progress, then the result."""
    from gts.playback.session import PlaybackRequest

    if not (math.isfinite(speed) and 0 < speed <= MAX_SPEED):
        raise UsageError(f"the speed must be above 0 and at most {MAX_SPEED:g}, not {speed:g}", hint="1 is real time")
    if sum((place is not None, stream, video is not None)) > 1:
        raise UsageError("`--in`, `--stream` and `--video` exclude each other", hint="choose one of them")
    if size is not None and video is None:
        raise UsageError("`--size` is the size of a video", hint="name one: --video FILE.mp4")
    sides = _parse_size(size) if size is not None else None
    files = tuple(str(path) for word in references for path in find_playable_files(context, word, newest=follow))
    request = PlaybackRequest(
        files=files,
        loops=0 if follow else loops,
        frames_per_loop=frames,
        seed=secrets.randbelow(MAX_SEED + 1) if seed is None else seed,
        keep_on=keep_on,
        stochastic=stochastic,
        rate=speed,
        max_fps=fps,
        follow=follow,
    )
    if video is not None:
        yield from _write_video(request, video, sides)
    elif stream:
        yield _stream_frames(request)
    else:
        yield from _play_on_screen(request, place, glyphs)


def _play_on_screen(request: PlaybackRequest, requested: PlaybackTarget | None, glyphs: CellGlyphs | None) -> Iterator[Any]:
    place, why = choose_target(requested)
    if place == "window":
        from gts.playback.display import run_window_process

        opened, failure = run_window_process(request)
        if opened or requested == "window":
            raise_failure(failure)
            yield _make_result(request, "window")
            return
        place, why = choose_target("terminal")[0], failure.message if failure else "the window did not open"
    if why:
        yield Note(f"playing in the terminal: {why}")
    play_in_terminal([request], glyphs)
    yield _make_result(request, "terminal")


def _stream_frames(request: PlaybackRequest) -> PlayResult:
    from gts.playback.frame_server import StreamPipes, serve_frames

    serve_frames(request, StreamPipes(STDIN_FD, STDOUT_FD))
    return _make_result(request, "stream")


def _write_video(request: PlaybackRequest, path: str, size: tuple[int, int] | None) -> Iterator[Any]:
    from gts.playback.session import open_playback
    from gts.playback.video import VideoProgress, write_video

    if request.follow:
        raise UsageError("a video cannot follow a run", hint="remove `--follow`")
    if len(request.files) > 1:
        raise UsageError(f"a video shows one file, not {len(request.files)}", hint="name one checkpoint")
    written: Any = None
    for event in write_video(
        open_playback(request, request.files[0]), path, loops=request.loops, speed=request.rate, size=size
    ):
        if isinstance(event, VideoProgress):
            yield VideoProgressEvent(event.pictures, event.loop, event.loops)
        else:
            written = event
    facts = {name: getattr(written, name) for name in ("path", "pictures", "fps", "width", "height", "renderer")}
    if written.note:
        yield Note(f"drawn without GL: {written.note}")
    yield _make_result(request, "video", facts)


def _parse_size(size: str) -> tuple[int, int]:
    """Parse `WIDTHxHEIGHT`; raises UsageError."""
    found = re.fullmatch(r"(\d{1,9})[x×](\d{1,9})", size)
    if found is None or any(int(side) not in VIDEO_SIDE_PIXELS for side in found.groups()):
        raise UsageError(
            f"`{size}` is not a valid size of a video",
            hint=f"width x height, each from {VIDEO_SIDE_PIXELS[0]} to {VIDEO_SIDE_PIXELS[-1]}: --size 640x480",
        )
    return int(found[1]), int(found[2])


def _make_result(
    request: PlaybackRequest, place: Literal["window", "terminal", "video", "stream"], video: dict[str, Any] | None = None
) -> PlayResult:
    return PlayResult(request.files, place, request.seed or 0, video)


COMMAND = Command(
    name="play",
    summary="Play checkpoints and runs in a window, in the terminal or as a video.",
    group="results",
    run=run_play,
    needs_torch=True,
    help="Plays in real time, with deterministic actions on exact physics, each loop from a new random start: the same ones as "
    "the episodes of `gts score --seed SEED`. A window opens where there is a display; over ssh and without one the figure is "
    "drawn in the terminal. A run plays its best checkpoints, or with --follow its newest evaluation.\n\n"
    "Keys: space pauses, → makes a step, R restarts, K keeps on after a fall, N plays the next file, + and - change the speed "
    "in the terminal, Q quits.\n\n"
    "--stream writes the frames as lines of JSON; gts/playback/stream.py describes them.",
    arguments=(Argument("references", "Checkpoints and runs to play.", "checkpoint", multiple=True, metavar="CHECKPOINT"),),
    options=(
        Option(("-k", "--keep-on"), "Go on after a fall.", "flag"),
        Option(("-l", "--loops"), "Loops per file; 0: endless.", "integer", default=2, minimum=0, metavar="N"),
        Option(("-n", "--frames"), "Longest loop, in steps; 0: endless.", "integer", default=500, minimum=0, metavar="N"),
        Option(("-r", "--seed"), "Seed of the starts; default: random.", "integer", minimum=0, maximum=MAX_SEED, metavar="S"),
        Option(("--stochastic",), "Explore as in training.", "flag"),
        Option(("--speed",), "Speed; 1 is real time.", "number", default=1.0, metavar="X"),
        Option(("--in",), "Show it in a window or in the terminal.", "choice", choices=("window", "terminal"), name="place"),
        Option(("--glyphs",), "Characters to draw with in the terminal.", "choice", choices=("braille", "half", "ascii")),
        Option(
            ("--fps",),
            "Most pictures per second in the terminal.",
            "integer",
            default=15,
            minimum=1,
            maximum=60,
            metavar="N",
        ),
        Option(("-f", "--follow"), "Follow a run: always play its newest evaluation.", "flag"),
        Option(("--stream",), "Write the frames to standard output.", "flag"),
        Option(("-v", "--video"), "Write a video instead.", completion="file", metavar="FILE.mp4|.gif"),
        Option(("--size",), "Width and height of the video (default 640x480, of a GIF 480x360).", metavar="WxH"),
    ),
    streams_events=True,
    examples=(
        "gts play hopperPPO.checkpoint -l 0",
        "gts play runs/20261122-081530-hopperPPO-k3f/member1/*.checkpoint",
        "gts play @last --follow",
        "gts play hopperPPO.checkpoint -r 7 -v hopper.mp4",
    ),
)
