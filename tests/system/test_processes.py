"""Process identities: Linux's own and the portable ones agree, and no other process is ever signalled."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gts.system import ProcessIdentity, System, identify_process, is_running, own_identity, this_system

_HERE = {"linux": "linux", "darwin": "macos"}.get(sys.platform, "portable")


@pytest.fixture(params=["own", "portable"])
def system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> System:
    """This machine as it is, and as any Unix."""
    if (request.param == "portable" or _HERE != "linux") and shutil.which("ps") is None:
        pytest.skip("no ps")
    monkeypatch.setenv("GTS_SYSTEM", "portable" if request.param == "portable" else "")
    return this_system()


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    """An innocent process."""
    process = subprocess.Popen(["sleep", "60"])
    yield process
    process.kill()
    process.wait()


def identity(process: subprocess.Popen[bytes]) -> ProcessIdentity:
    found = identify_process(process.pid)
    assert found is not None
    return found


def test_the_system_is_the_one_here_unless_it_is_asked_for_less(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GTS_SYSTEM", raising=False)
    assert this_system().name == _HERE
    monkeypatch.setenv("GTS_SYSTEM", "portable")
    assert this_system().name == "portable"


@pytest.mark.process
def test_a_process_lives_until_it_ends(system: System, sleeper: subprocess.Popen[bytes]) -> None:
    known = identity(sleeper)
    assert is_running(known)
    assert identify_process(sleeper.pid) == known
    sleeper.kill()
    sleeper.wait()
    assert not is_running(known)
    assert identify_process(sleeper.pid) is None
    assert not system.signal_process(known, signal.SIGTERM)


@pytest.mark.process
def test_this_process_knows_itself_as_others_know_it(system: System) -> None:
    program = f"from gts.system import identify_process; print(identify_process({os.getpid()}))"
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.strip()
    assert told == str(own_identity())
    assert own_identity().boot == system.boot_id() != ""


@pytest.mark.process
def test_a_signal_arrives(system: System, sleeper: subprocess.Popen[bytes]) -> None:
    assert system.signal_process(identity(sleeper), signal.SIGTERM)
    assert sleeper.wait(60) == -signal.SIGTERM


@pytest.mark.process
@pytest.mark.parametrize("other", [{"started": "1"}, {"boot": "another start of this machine"}])
def test_a_pid_that_was_given_to_another_process_is_left_alone(
    system: System, sleeper: subprocess.Popen[bytes], other: dict[str, str]
) -> None:
    gone = replace(identity(sleeper), **other)
    assert not is_running(gone)
    assert not system.signal_process(gone, signal.SIGKILL)
    # It ends by the later signal.
    sleeper.terminate()
    assert sleeper.wait(60) == -signal.SIGTERM


@pytest.mark.process
def test_another_name_of_the_machine_is_no_other_process(system: System, sleeper: subprocess.Popen[bytes]) -> None:
    """Laptops change theirs with the network."""
    assert is_running(replace(identity(sleeper), host="elsewhere"))


@pytest.mark.process
def test_a_zombie_does_not_live(system: System, sleeper: subprocess.Popen[bytes]) -> None:
    known = identity(sleeper)
    sleeper.kill()
    os.waitid(os.P_PID, sleeper.pid, os.WEXITED | os.WNOWAIT)
    os.kill(sleeper.pid, 0)  # it can still be signalled, and answers
    assert system.process_start(sleeper.pid) is None
    assert not is_running(known)
    assert not system.signal_process(known, signal.SIGTERM)


@pytest.mark.process
def test_a_name_with_parentheses_and_blanks(system: System, tmp_path: Path) -> None:
    program = tmp_path / ") R 1 (Z) ("
    program.write_text("#!/bin/sh\nread line\n")
    program.chmod(0o755)
    process = subprocess.Popen([program], stdin=subprocess.PIPE)
    plain = subprocess.Popen(["sleep", "60"])
    try:
        known = identity(process)
        if system.name == "linux":
            # The same field as in a process with a plain name: ticks since the boot, which both spent here.
            assert abs(int(known.started) - int(identity(plain).started)) < 1000
        assert system.signal_process(known, signal.SIGKILL)
        assert process.wait(60) == -signal.SIGKILL
    finally:
        for one in (process, plain):
            one.kill()
            one.wait()
        assert process.stdin is not None
        process.stdin.close()


@pytest.mark.parametrize("pid", [0, -1, 2**22 + 1])
def test_no_process_has_such_a_pid(system: System, pid: int) -> None:
    assert system.process_start(pid) is None
    assert not system.signal_process(replace(own_identity(), pid=pid), signal.SIGKILL)


@pytest.mark.process
@pytest.mark.skipif(_HERE != "linux", reason="pidfd")
@pytest.mark.parametrize("number", [errno.ENOSYS, errno.EPERM])
def test_old_kernels_and_sandboxes_signal_too(
    sleeper: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(pid: int) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "pidfd_open", refuse)
    assert not this_system().signal_process(replace(identity(sleeper), started="1"), signal.SIGKILL)
    assert this_system().signal_process(identity(sleeper), signal.SIGTERM)
    assert sleeper.wait(60) == -signal.SIGTERM


@pytest.mark.process
@pytest.mark.skipif(_HERE != "linux", reason="pidfd")
def test_a_process_that_is_replaced_before_the_signal_is_not_the_one_held(
    sleeper: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pid is given away after the process was looked at and before the signal is sent."""
    from gts.system.linux import Linux

    other = subprocess.Popen(["sleep", "60"])
    opened = os.pidfd_open
    monkeypatch.setattr(os, "pidfd_open", lambda pid: opened(other.pid) if pid == sleeper.pid else opened(pid))
    answers = iter([True, False])
    monkeypatch.setattr(Linux, "_matches", lambda self, identity: next(answers))
    try:
        assert not Linux().signal_process(own_identity_of(sleeper), signal.SIGKILL)
        assert other.poll() is None and sleeper.poll() is None
    finally:
        other.kill()
        other.wait()


def own_identity_of(process: subprocess.Popen[bytes]) -> ProcessIdentity:
    return replace(own_identity(), pid=process.pid)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may signal everybody")
def test_another_users_process_is_refused(system: System) -> None:
    init = identify_process(1)
    if init is None:
        pytest.skip("other users' processes are hidden")
    with pytest.raises(PermissionError):
        system.signal_process(init, 0)
