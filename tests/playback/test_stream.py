"""Frame streams: encoding, and the pace and commands of the frame server."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import numpy as np
import pytest

from gts.errors import FileError, FormatError
from gts.playback.policy_player import PolicyPlayer
from gts.playback.rotations import matrices_to_quaternions, quaternions_to_matrices
from gts.playback.scene_reader import SceneReader
from gts.playback.session import PlaybackRequest
from gts.playback.stream import (
    FrameState,
    PlaybackFailure,
    SceneInfo,
    StreamEnd,
    decode_message,
    encode_message,
)
from tests.support.waiting import wait_until


def test_scenes_and_states_survive(hopper, untrained) -> None:
    for checkpoint in (hopper, untrained("humanoid")):
        player = PolicyPlayer(checkpoint, seed=0, keep_on=True)
        frame = player.restart()
        scene = SceneReader(player)
        for _ in range(30):
            frame = player.advance()
        info, state = scene.info, scene.read_state(frame, paused=True, rate=0.5, note="a [note] ×")
        lines = encode_message(info), encode_message(state)
        assert all(line.count(b"\n") == 1 and line.endswith(b"\n") for line in lines)
        read_info, read = map(decode_message, lines)
        assert isinstance(read_info, SceneInfo) and isinstance(read, FrameState)
        assert (read_info.name, read_info.is_planar, read_info.is_travelling) == (
            info.name,
            info.is_planar,
            info.is_travelling,
        )
        assert [shape.kind for shape in read_info.shapes] == [shape.kind for shape in info.shapes]
        assert np.allclose([shape.size for shape in read_info.shapes], [shape.size for shape in info.shapes], atol=1e-5)
        assert np.allclose(read.positions, state.positions, atol=1e-5)
        assert np.allclose(read.rotations, state.rotations, atol=1e-4)
        assert np.allclose(read.contacts, state.contacts, atol=1e-4)
        assert (read.step, read.paused, read.rate, read.note) == (30, True, 0.5, "a [note] ×")
        assert read.terms == pytest.approx(state.terms, abs=1e-4)


def test_rotations_are_right_for_every_quaternion() -> None:
    import mujoco

    unit = np.random.default_rng(0).normal(size=(500, 4))
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    unit = np.concatenate([unit, np.eye(4), np.eye(4)[[1, 2]] * -1])
    matrices = np.zeros((len(unit), 9))
    for row, quaternion in zip(matrices, unit, strict=True):
        mujoco.mju_quat2Mat(row, quaternion)
    assert np.allclose(quaternions_to_matrices(unit), matrices.reshape(-1, 3, 3))
    back = matrices_to_quaternions(matrices.reshape(-1, 3, 3))
    assert np.allclose(np.abs((back * unit).sum(axis=1)), 1.0)


def test_the_end_and_errors_survive() -> None:
    assert decode_message(encode_message(StreamEnd())) == StreamEnd()
    message = decode_message(encode_message(FileError("cannot read ü", hint="try")))
    assert message == PlaybackFailure("cannot read ü", "try", 2)


@pytest.mark.parametrize(
    "line",
    [b"", b"{", b"[]", b"17", b'{"kind":"frame"}', b'{"kind":"stage","format":2}', b'{"kind":"dance"}', b"\xff\xfe"],
)
def test_invalid_lines_are_refused(line: bytes) -> None:
    with pytest.raises(FormatError):
        decode_message(line)


def start(request: PlaybackRequest) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "gts.playback.frame_server", request.as_json()], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )


@pytest.mark.slow
@pytest.mark.process
def test_the_server_plays_in_real_time_and_obeys_commands(hopper_file) -> None:
    process = start(PlaybackRequest((str(hopper_file),), loops=0, frames_per_loop=0, seed=1))
    assert process.stdin and process.stdout
    try:
        assert isinstance(decode_message(process.stdout.readline()), SceneInfo)
        paces: list[tuple[float, float]] = []

        def is_in_real_time() -> bool:
            first = decode_message(process.stdout.readline())
            began = time.monotonic()
            states = [decode_message(process.stdout.readline()) for _ in range(30)]
            passed = time.monotonic() - began
            assert isinstance(first, FrameState)
            paces.append(((states[-1].time - first.time) / passed, 30 / passed))
            # In real time, and not more frames than requested.
            return 0.5 < paces[-1][0] < 1.15 and paces[-1][1] < 17

        # Other work on the machine delays frames, and those behind a delay come too fast: of many, some thirty are on time.
        wait_until(is_in_real_time, what=lambda: f"simulated seconds per second, and frames per second: {paces}", interval=0.0)
        process.stdin.write(b"pause\n")
        process.stdin.flush()
        held = next(one for one in map(decode_message, process.stdout) if one.paused)
        process.stdin.write(b"step\nkeep\nnonsense\n")
        process.stdin.flush()
        stepped = next(one for one in map(decode_message, process.stdout) if one.keep_on)
        assert stepped.step == held.step + 1 and stepped.paused
        process.stdin.write(b"quit\n")
        process.stdin.flush()
        assert decode_message(process.stdout.readlines()[-1]) == StreamEnd()
        assert process.wait(60) == 0
    finally:
        process.kill()


@pytest.mark.process
@pytest.mark.slow
@pytest.mark.parametrize("paused", [False, True])
def test_the_server_ends_when_its_output_is_closed(hopper_file, paused: bool) -> None:
    process = start(PlaybackRequest((str(hopper_file),), loops=0, start_paused=paused))
    assert process.stdin and process.stdout
    try:
        process.stdout.readline()
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(60) == 0
    finally:
        process.kill()


@pytest.mark.process
@pytest.mark.slow
def test_a_slow_reader_gets_the_newest_frames(hopper_file) -> None:
    process = start(PlaybackRequest((str(hopper_file),), loops=0, frames_per_loop=0, max_fps=60.0))
    assert process.stdout
    try:
        assert process.stdout.readline() and process.stdout.readline()

        def has_jumped() -> bool:
            # A pipe holds two seconds of frames; the later ones are dropped while nobody reads.
            time.sleep(5.0)
            data = process.stdout.readline()
            while len(lines := data.split(b"\n")) < 250:
                data += process.stdout.read1(1 << 16)
            process.stdout.readline()
            steps = [json.loads(line)["step"] for line in lines[:-1] if line.startswith(b'{"kind":"frame"')]
            return bool(max(np.diff(steps)) > 60)

        wait_until(has_jumped, what="frames to be dropped", deadline=120.0)
    finally:
        process.kill()


@pytest.mark.slow
@pytest.mark.process
def test_an_unreadable_file_is_sent_as_an_error_line(tmp_path) -> None:
    (tmp_path / "bad.checkpoint").write_bytes(b"nothing")
    process = start(PlaybackRequest((str(tmp_path / "bad.checkpoint"),)))
    out, _ = process.communicate(timeout=300)
    message = decode_message(out)
    assert isinstance(message, PlaybackFailure) and "bad.checkpoint" in message.message
    assert process.returncode == 2


@pytest.mark.process
@pytest.mark.slow
def test_the_command_writes_nothing_but_lines_of_the_stream(hopper_file, tmp_path) -> None:
    command = [sys.executable, "-m", "gts", "play", str(hopper_file), "--stream", "-l", "1", "-n", "30", "--fps", "60"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=tmp_path, timeout=300)
    kinds = [json.loads(line)["kind"] for line in done.stdout.splitlines()]
    assert done.returncode == 0 and done.stderr == ""
    assert kinds[0] == "stage" and kinds[-1] == "end" and set(kinds[1:-1]) == {"frame"}
