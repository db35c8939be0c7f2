"""Videos, read back: number, size and rate of the pictures, and their movement."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import imageio.v3 as iio
import imageio_ffmpeg
import numpy as np
import pytest
from PIL import Image

from gts.errors import FileError, MissingError, UsageError, WorkError
from gts.params.figures import FIGURES
from gts.playback import video
from gts.playback.rendering import gl_renderer
from gts.playback.rendering.software_renderer import SoftwareRenderer
from gts.playback.video import VideoProgress, WrittenVideo, choose_frame_rate, write_video
from tests.support.random_playback import Thrown
from tests.support.waiting import wait_until

SMALL = (160, 120)


def written(path: Path, source: Thrown, **more: object) -> WrittenVideo:
    *_, last = write_video(source, str(path), **{"size": SMALL, "renderer": "plain", **more})
    assert isinstance(last, WrittenVideo)
    return last


@pytest.mark.process
def test_an_mp4_holds_every_loop(tmp_path: Path) -> None:
    path = tmp_path / "walk.mp4"
    result = written(path, Thrown("hopper", 60), loops=2, size=(161, 119))
    facts = iio.immeta(path, plugin="FFMPEG")
    # 125 frames a second of the figure, every third of them; 61 frames a loop.
    assert facts["fps"] == pytest.approx(125 / 3, abs=0.01)
    assert (facts["codec"], facts["pix_fmt"].split("(")[0], facts["size"]) == ("h264", "yuv420p", (162, 120))
    assert imageio_ffmpeg.count_frames_and_secs(str(path)) == (42, pytest.approx(42 * 3 / 125, abs=0.05))
    assert (result.pictures, result.width, result.height, result.renderer) == (42, 162, 120, "plain")


@pytest.mark.process
def test_a_gif_lasts_as_long_as_what_was_played(tmp_path: Path) -> None:
    path = tmp_path / "walk.gif"
    result = written(path, Thrown("walker", 50))
    with Image.open(path) as picture:
        assert (picture.n_frames, picture.size) == (11, SMALL)
        durations = []
        for frame in range(picture.n_frames):
            picture.seek(frame)
            durations.append(picture.info["duration"])
    # Every fifth frame of 8 ms; browsers would slow anything below 20 ms down.
    assert durations == [40] * 11
    assert result.fps == 25


@pytest.mark.process
@pytest.mark.parametrize("ending", ["mp4", "gif"])
def test_the_figure_and_the_ground_move(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"walk.{ending}"
    written(path, Thrown("halfCheetah", 24))
    read = {"mp4": {"plugin": "FFMPEG"}, "gif": {"plugin": "pillow", "mode": "RGB"}}[ending]
    pictures = iio.imread(path, **read).astype(float)
    assert len(pictures) > 10
    changed = [(np.abs(later - earlier).max(axis=2) > 20).mean() for earlier, later in pairwise(pictures)]
    assert np.median(changed) > 0.005
    # The sky at the top does not flicker.
    assert np.abs(np.diff(pictures[:, :10], axis=0)).max() < 16


@pytest.mark.parametrize("ending", [".mp4", ".gif"])
@pytest.mark.parametrize("figure", sorted(FIGURES))
@pytest.mark.parametrize("speed", [0.25, 1.0, 2.0])
def test_frame_rates_keep_the_figures_time(figure: str, ending: str, speed: float) -> None:
    fps = Thrown(figure).fps
    skip, rate = choose_frame_rate(fps, speed, ending)
    assert float(rate) * skip == pytest.approx(fps * speed, rel=1e-6)
    assert rate <= (61 if ending == ".mp4" else 34)
    if ending == ".gif" and speed == 1:
        assert (Fraction(100) / rate).denominator == 1


@pytest.mark.process
def test_progress_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(video, "_PROGRESS_SECONDS", 0.0)
    *events, last = write_video(Thrown("hopper", 30), str(tmp_path / "a.mp4"), loops=2, size=SMALL, renderer="plain")
    assert isinstance(last, WrittenVideo)
    assert all(isinstance(event, VideoProgress) for event in events)
    assert [event.pictures for event in events] == list(range(1, last.pictures + 1))
    assert [event.loop for event in events] == [1] * 11 + [2] * 11


@pytest.mark.process
def test_an_abandoned_video_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(video, "_PROGRESS_SECONDS", 0.0)
    monkeypatch.setenv("TMPDIR", str(tmp_path / "elsewhere"))
    (tmp_path / "elsewhere").mkdir()
    path = tmp_path / "walk.mp4"
    path.write_bytes(b"old")
    events = write_video(Thrown("hopper", 300), str(path), size=SMALL, renderer="plain")
    next(events)
    events.close()
    assert path.read_bytes() == b"old"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["elsewhere", "walk.mp4"]


@pytest.mark.process
def test_impossible_videos_give_a_hint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for path, more, kind in (
        ("walk.avi", {}, UsageError),
        ("walk.mp4", {"loops": 0}, UsageError),
        ("no/walk.mp4", {}, FileError),
        (".", {}, UsageError),
    ):
        with pytest.raises(kind) as caught:
            written(tmp_path / path, Thrown("hopper", 5), **more)
        assert caught.value.hint
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(tmp_path / "none"))
    with pytest.raises(MissingError):
        written(tmp_path / "walk.mp4", Thrown("hopper", 5))


@pytest.mark.process
def test_a_failing_ffmpeg_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "ffmpeg"
    broken.write_text("#!/bin/sh\necho 'Unknown encoder libx264' >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setattr(video, "_find_ffmpeg", lambda: str(broken))
    with pytest.raises(WorkError, match="Unknown encoder"):
        written(tmp_path / "walk.mp4", Thrown("hopper", 60))
    assert not (tmp_path / "walk.mp4").exists()


@pytest.mark.process
def test_a_gl_that_crashes_or_hangs_harms_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = Thrown("hopper", 5)
    python = sys.executable
    for script in ("import os; os.abort()", "import time; time.sleep(60)"):
        fake = tmp_path / "python"
        fake.write_text(f'#!/bin/sh\nexec {python} -c "{script}"\n')
        fake.chmod(0o755)
        monkeypatch.setattr(gl_renderer.sys, "executable", str(fake))
        monkeypatch.setattr(gl_renderer, "FIRST_IMAGE_TIMEOUT", 1.0)
        monkeypatch.setenv("MUJOCO_GL", "egl")
        result = written(tmp_path / "walk.mp4", source, renderer="auto")
        assert (result.renderer, result.note) == ("plain", "egl does not work")
        with pytest.raises(MissingError):
            written(tmp_path / "walk.mp4", source, renderer="gl")


@pytest.mark.process
def test_disabled_gl_is_not_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MUJOCO_GL", "disabled")
    assert written(tmp_path / "walk.mp4", Thrown("hopper", 5), renderer="auto").note == "GL is switched off"


@pytest.mark.process
def test_a_dying_gl_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(video, "_PROGRESS_SECONDS", 0.0)
    source = Thrown("hopper", 60)
    plain = SoftwareRenderer(source.model, *SMALL)

    class DyingRenderer:
        kind = "egl"
        left = 3

        def draw(self, data, camera):
            self.left -= 1
            if self.left < 0:
                raise gl_renderer.GlLostError("gone")
            return plain.draw(data, camera)

        def close(self) -> None:
            pass

    monkeypatch.setattr(video, "start_gl", lambda *_, **__: (DyingRenderer(), ""))
    result = written(tmp_path / "walk.mp4", source, renderer="auto")
    assert (result.pictures, result.renderer) == (21, "plain")
    assert "egl failed on the way" in result.note


@pytest.mark.process
@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_video_leaves_no_process(tmp_path: Path, end: signal.Signals) -> None:
    script = (
        "import sys; from tests.support.random_playback import Thrown; from gts.playback import video\n"
        "video._PROGRESS_SECONDS = 0.0\n"
        "for event in video.write_video(Thrown('hopper', 100000), sys.argv[1], size=(160, 120), renderer='plain'):\n"
        "    print(event.pictures, flush=True)\n"
    )
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    path = tmp_path / "walk.mp4"
    child = subprocess.Popen(
        [sys.executable, "-c", script, str(path)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
    )
    assert child.stdout is not None
    assert child.stdout.readline()
    child.send_signal(end)
    child.wait(60)
    child.stdout.close()
    assert not path.exists()
    wait_until(lambda: not _find_encoders(tmp_path), what="the encoder to end", interval=0.1)


def _find_encoders(folder: Path) -> list[str]:
    """Names of processes with a folder in their command line."""
    import psutil

    return [one.info["name"] for one in psutil.process_iter(["name", "cmdline"]) if str(folder) in str(one.info["cmdline"])]
