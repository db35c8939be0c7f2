"""The order of system calls in a checkpoint write, as the kernel sees them: nothing is renamed before it is on the disk."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.process

PROGRAM = """
import sys
from gts.formats.checkpoint import read_checkpoint, write_checkpoint
write_checkpoint(sys.argv[2], read_checkpoint(sys.argv[1]))
"""


def test_bytes_then_file_then_name_then_folder_reach_the_disk(repository: Path, tmp_path: Path) -> None:
    if shutil.which("strace") is None:
        assert not os.environ.get("CI"), "strace is among the packages that .ci/run installs"
        pytest.skip("strace is not here")
    trace, target = tmp_path / "trace", tmp_path / "deep" / "one.checkpoint"
    target.parent.mkdir()
    source = str(repository / "workspace" / "inverted" / "invertedPPO.checkpoint")
    calls = "trace=openat,open,write,pwrite64,fsync,fdatasync,rename,renameat,renameat2,close"
    command = [
        "strace",
        "-f",
        "-y",
        "-s",
        "16",
        "-e",
        calls,
        "-o",
        str(trace),
        sys.executable,
        "-c",
        PROGRAM,
        source,
        str(target),
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    if "ptrace" in done.stderr and done.returncode != 0:
        pytest.skip(f"this machine forbids tracing: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    story = [event for line in trace.read_text().splitlines() if (event := _event(line, target))]
    assert story == ["open part", "write part", "fsync part", "rename part to target", "fsync folder"]


def _event(line: str, target: Path) -> str:
    """Name of what a traced system call does to the checkpoint."""
    part = rf"{re.escape(str(target.parent))}/\.one\.checkpoint\.[0-9a-f]+\.part"
    patterns = {
        rf'open(at)?\(.*"{part}", .*O_EXCL': "open part",
        rf"p?write(64)?\(\d+<{part}>": "write part",
        rf"fsync\(\d+<{part}>\)\s+= 0": "fsync part",
        rf'rename.*"{part}", .*"{re.escape(str(target))}".*= 0': "rename part to target",
        rf"fsync\(\d+<{re.escape(str(target.parent))}>\)\s+= 0": "fsync folder",
    }
    return next((what for pattern, what in patterns.items() if re.search(pattern, line)), "")
