"""The wheel is complete: where nobody knows this working tree, a workspace is made and a figure is trained."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from tests.support.repository import WORKSPACE, shipped_files

pytestmark = [pytest.mark.slow, pytest.mark.process]


@pytest.fixture(scope="module")
def wheel(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built with the hatchling of this environment."""
    folder = tmp_path_factory.mktemp("wheel")
    words = ["wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(repository)]
    subprocess.run([sys.executable, "-m", "pip", *words], check=True, cwd=folder)
    (built,) = folder.glob("gts-*.whl")
    return built


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment that holds the wheel alone, and borrows what it depends on from this one."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False, symlinks=True)
    pip = [sys.executable, "-m", "pip", "--python", str(folder / "bin" / "python")]
    subprocess.run([*pip, "install", "--quiet", "--no-deps", "--no-index", str(wheel)], check=True, cwd=folder)
    (packages,) = folder.glob("lib/python*/site-packages")
    # Folders that a .pth file adds come last, and .pth files inside them (an editable gts) are not read.
    borrowed = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (packages / "borrowed.pth").write_text("".join(f"{path}\n" for path in sorted(borrowed)))
    return folder


def run(environment: Path, folder: Path, *words: str) -> str:
    """Standard output of a program of that environment, run in a folder; fails with its standard error."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "GTS_", "VIRTUAL_ENV"))}
    program = [str(environment / "bin" / words[0]), *words[1:]]
    done = subprocess.run(program, cwd=folder, env=clean, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_wheel_holds_what_it_should(wheel: Path, repository: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    examples = {path.relative_to(WORKSPACE).as_posix() for path in shipped_files("*.sp*")}
    assert "inverted/invertedPPO.spec" in examples
    assert {f"gts/_workspace/{example}" for example in examples} <= names
    assert {f"gts/_themes/{path.name}" for path in (repository / "themes").glob("*.toml")} <= names
    assert {"gts/cli.py", "gts/py.typed", "gts/_themes/dark.toml", "gts_tui/style.tcss"} <= names
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} <= {"gts", "gts_tui"}
    assert not [name for name in names if "/runs/" in name or "gts.db" in name or name.endswith(".pyc")]


def test_program_is_the_wheels(environment: Path, tmp_path: Path, repository: Path) -> None:
    place = Path(run(environment, tmp_path, "python", "-c", "import gts; print(gts.__file__)").strip())
    assert place.is_relative_to(environment)
    path = run(environment, tmp_path, "python", "-c", "import json, sys; print(json.dumps(sys.path))")
    assert str(repository) not in json.loads(path)


def test_first_day(environment: Path, tmp_path: Path) -> None:
    run(environment, tmp_path, "gts", "init", "w")
    workspace = tmp_path / "w"
    assert (workspace / "inverted" / "invertedPPO.spec").is_file()
    run(environment, workspace, "gts", "train", "inverted/invertedPPO.spec", "out.checkpoint", "-s", "2000")
    assert (workspace / "out.checkpoint").is_file()
    score = run(environment, workspace, "gts", "score", "out.checkpoint", "--episodes", "2", "--json")
    assert json.loads(score)
