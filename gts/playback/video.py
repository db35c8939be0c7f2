"""Videos of a playback as .mp4 or .gif, by default in real time."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import mujoco
import numpy as np
from numpy.typing import NDArray

from gts.errors import MissingError, UsageError, WorkError
from gts.formats.durable import check_writable, write_durably
from gts.playback.playback_source import PlaybackFrame, PlaybackSource
from gts.playback.rendering.gl_renderer import GlLostError, GlRenderer, start_gl
from gts.playback.rendering.software_renderer import SoftwareRenderer
from gts.playback.rendering.tracking_camera import TrackingCamera

RendererChoice = Literal["auto", "gl", "plain"]
"""GL if it is fast, else the software renderer; always GL; always the software renderer."""

VIDEO_SIZES = {".mp4": (640, 480), ".gif": (480, 360)}
"""Default width and height by file type."""
_MAX_FPS = {".mp4": Fraction(61), ".gif": Fraction(34)}
"""Most pictures per second by file type."""
_PROGRESS_SECONDS = 0.2


@dataclass(frozen=True)
class VideoProgress:
    """Progress of a video."""

    pictures: int
    loop: int
    """From 1."""
    loops: int
    seconds: float
    """Seconds since the start."""


@dataclass(frozen=True)
class WrittenVideo:
    """A finished video file."""

    path: str
    pictures: int
    fps: float
    width: int
    height: int
    renderer: str
    """`plain` for the software renderer, else the GL backend."""
    note: str
    """The reason why GL was not used; empty if it was, or was not requested."""
    seconds: float
    """Seconds it took."""


def write_video(
    playback: PlaybackSource,
    path: str,
    *,
    loops: int = 1,
    speed: float = 1.0,
    size: tuple[int, int] | None = None,
    renderer: RendererChoice = "auto",
) -> Iterator[VideoProgress | WrittenVideo]:
    """Write `loops` loops of a playback; yields progress, then the finished video.

    The file appears whole at the end; an old one stays until then. Raises UsageError for a name that ends in neither .mp4
    nor .gif and for endless loops, FileError if the file cannot be written, MissingError without ffmpeg or a requested GL,
    WorkError if ffmpeg fails.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in VIDEO_SIZES:
        raise UsageError(f"cannot make a video `{path}`", hint="end the name in .mp4 or .gif")
    if loops < 1 or speed <= 0:
        raise UsageError("a video needs an end and a speed", hint="give at least 1 loop and a speed above 0")
    check_writable(path)
    width, height = (number + number % 2 for number in size or VIDEO_SIZES[suffix])
    skip, fps = choose_frame_rate(playback.fps, speed, suffix)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="gts-video-") as folder:
        frame_renderer = _FrameRenderer(playback, (width, height), float(fps), renderer)
        encoder = _Encoder(Path(folder), suffix, (width, height), fps)
        try:
            reported = began
            for frame in _iterate_frames(playback, skip, loops):
                encoder.write_image(frame_renderer.draw(frame))
                if time.monotonic() - reported >= _PROGRESS_SECONDS:
                    reported = time.monotonic()
                    yield VideoProgress(encoder.pictures, frame_renderer.loops, loops, reported - began)
            data = encoder.finish()
        finally:
            encoder.close()
            frame_renderer.close()
    write_durably(path, data)
    took = time.monotonic() - began
    yield WrittenVideo(
        path, encoder.pictures, float(fps), width, height, frame_renderer.renderer_name, frame_renderer.note, took
    )


def choose_frame_rate(fps: float, speed: float, suffix: str) -> tuple[int, Fraction]:
    """Choose the frame step (2: every other frame) and the pictures per second that give the requested speed.

    A picture of a .gif lasts a whole number of hundredths of a second, so a frame step with such a rate is preferred.
    """
    whole = 1 / (Fraction(1 / fps).limit_denominator(1_000_000)) * Fraction(speed).limit_denominator(1000)
    fewest = max(1, -(-whole // _MAX_FPS[suffix]))
    if suffix == ".gif":
        exact = [skip for skip in range(fewest, 3 * fewest + 1) if (100 * skip / whole).denominator == 1]
        fewest = exact[0] if exact else fewest
    return fewest, whole / fewest


def _iterate_frames(playback: PlaybackSource, skip: int, loops: int) -> Iterator[PlaybackFrame]:
    """Every `skip`-th frame of each loop, from the first."""
    for _ in range(loops):
        frame = playback.restart()
        yield frame
        while not frame.ended:
            frame = playback.advance()
            if frame.step % skip == 0:
                yield frame


class _FrameRenderer:
    """Draws the frames of a playback by GL or in software."""

    def __init__(self, playback: PlaybackSource, size: tuple[int, int], fps: float, choice: RendererChoice) -> None:
        self._playback, self._size, self._choice = playback, size, choice
        self._camera = TrackingCamera(playback.model, fps)
        self._gl: GlRenderer | None = None
        self._plain: SoftwareRenderer | None = None
        self._loop = -1
        self.loops = 0
        """Number of loops started."""
        self.note = ""

    @property
    def renderer_name(self) -> str:
        """`plain`, or the GL backend."""
        return self._gl.kind if self._gl is not None else "plain"

    def draw(self, frame: PlaybackFrame) -> NDArray[np.uint8]:
        """Draw a frame, (height, width, 3)."""
        data = self._playback.data
        camera = self._camera.follow(data, frame.loop)
        if frame.loop != self._loop:
            self._loop = frame.loop
            self.loops += 1
        if self._gl is None and self._plain is None:
            self._start_renderer(data, camera)
        if self._gl is not None:
            try:
                return self._gl.draw(data, camera)
            except GlLostError as error:
                self._fall_back(str(error))
        assert self._plain is not None
        return self._plain.draw(data, camera)

    def close(self) -> None:
        """End the GL process."""
        if self._gl is not None:
            self._gl.close()

    def _start_renderer(self, data: mujoco.MjData, camera: mujoco.MjvCamera) -> None:
        if self._choice != "plain":
            patience: dict[str, Any] = {} if self._choice == "auto" else {"max_seconds": 60.0}
            self._gl, self.note = start_gl(self._playback.model, data, camera, self._size, **patience)
        if self._gl is None:
            if self._choice == "gl":
                raise MissingError(f"no GL draws on this machine: {self.note}", hint="use the software renderer")
            self._plain = SoftwareRenderer(self._playback.model, *self._size)

    def _fall_back(self, reason: str) -> None:
        """Continue in software after GL has failed."""
        self.close()
        self.note = f"{self.renderer_name} failed on the way: {reason}"
        self._gl, self._plain = None, SoftwareRenderer(self._playback.model, *self._size)


class _Encoder:
    """An ffmpeg process and its output in a temporary folder."""

    def __init__(self, folder: Path, ending: str, size: tuple[int, int], fps: Fraction) -> None:
        self._folder, self._suffix, self._size, self._fps = folder, ending, size, fps
        self._file, self._log = folder / f"video{ending}", folder / "log"
        self._process: subprocess.Popen[bytes] | None = None
        self.pictures = 0

    def write_image(self, picture: NDArray[np.uint8]) -> None:
        """Add a picture."""
        if self._process is None:
            self._process = self._start(picture)
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(picture.tobytes())
        except OSError as error:
            raise self._make_error() from error
        self.pictures += 1

    def finish(self) -> bytes:
        """Wait for ffmpeg; returns the content of the video."""
        assert self._process is not None and self._process.stdin is not None
        try:
            self._process.stdin.close()
        except OSError as error:
            raise self._make_error() from error
        if self._process.wait() or not self._file.is_file():
            raise self._make_error()
        return self._file.read_bytes()

    def close(self) -> None:
        """Kill ffmpeg."""
        if self._process is None:
            return
        self._process.kill()
        self._process.wait()
        with suppress(OSError):
            if self._process.stdin is not None:
                self._process.stdin.close()

    def _start(self, picture: NDArray[np.uint8]) -> subprocess.Popen[bytes]:
        width, height = self._size
        input_options = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", str(self._fps), "-i", "-"]
        options = [_find_ffmpeg(), "-y", "-nostdin", "-loglevel", "error", *input_options]
        if self._suffix == ".gif":
            # All pictures show the same figure and ground, so the palette of the first one fits them.
            palette = self._folder / "palette.png"
            _write_palette(palette, picture)
            options += ["-i", str(palette), "-lavfi", "paletteuse=dither=bayer:bayer_scale=4:diff_mode=rectangle"]
        else:
            options += [
                "-c:v",
                "libx264",
                "-preset",
                "veryfast",
                "-crf",
                "19",
                "-pix_fmt",
                "yuv420p",
                "-movflags",
                "+faststart",
            ]
        with self._log.open("wb") as log:
            try:
                return subprocess.Popen(
                    [*options, str(self._file)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    stderr=log,
                    start_new_session=True,
                )
            except OSError as error:
                raise MissingError(f"ffmpeg cannot be started: {error}", hint="install ffmpeg") from error

    def _make_error(self) -> WorkError:
        if self._process is not None:
            self._process.wait()
        lines = self._log.read_text(errors="replace").strip().splitlines() if self._log.exists() else []
        return WorkError(f"ffmpeg could not make the video: {lines[-1] if lines else 'no error message'}")


def _find_ffmpeg() -> str:
    try:
        from imageio_ffmpeg import get_ffmpeg_exe

        return str(get_ffmpeg_exe())
    except (ImportError, RuntimeError) as error:
        raise MissingError("ffmpeg, which encodes videos, is missing", hint="pip install imageio-ffmpeg") from error


def _write_palette(path: Path, picture: NDArray[np.uint8]) -> None:
    """Write the best 256 colours for a picture in ffmpeg's format, a picture of 16 × 16."""
    from PIL import Image

    palette = Image.fromarray(picture).quantize(256).getpalette() or []
    colours = np.zeros(768, np.uint8)
    colours[: len(palette)] = palette
    Image.fromarray(colours.reshape(16, 16, 3)).save(path)
