"""`gts search`: from a space to a confirmed winner; interrupted, resumed and reset."""

from __future__ import annotations

import json
import os
import pty
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from gts.commands import search
from gts.commands.command import Context
from gts.commands.job_progress import StudyProgress
from gts.commands.views.live import EventDisplay
from gts.errors import UsageError
from gts.formats.space_file import read_space
from gts.jobs.job_events import SearchStarted, TrialConfirmed, TrialEnded, TrialStarted
from gts.jobs.job_lock import JobLock
from gts.jobs.job_store import read_job_status
from gts.jobs.requests import SearchRequest
from gts.jobs.searches.job import create_search
from gts.jobs.stop_request import StopRequest
from gts.search.study import Study
from gts.store.workspace import StudyFolder, Workspace
from tests.support.cli import TINY_SPEC, Outcome
from tests.support.waiting import wait_until

AXES = {"actor.learningRate": {"min": 1e-4, "max": 1e-2, "log": True}, "discountFactor": [0.95, 0.99]}
QUICK = ("-n", 1, "--threads", 1, "--confirm", 0)


@pytest.fixture
def space(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A space whose trials take less than a second."""
    monkeypatch.setenv("GTS_STATE", str(workspace / "state"))
    path = workspace / "hopper" / "tiny.space"
    path.parent.mkdir()
    path.write_text(json.dumps({**TINY_SPEC, "name": "tiny", "paramSpace": AXES}))
    return path


@pytest.fixture
def standing(space: Path, workspace: Path) -> Callable[..., StudyFolder]:
    """Make a study with two complete trials, a failed one and an interrupted one."""

    def make(storage: str | None = None) -> StudyFolder:
        request = SearchRequest(Workspace(workspace), read_space(space), "hopper/tiny.space", storage, {"trials": 8}, threads=1)
        _, life = create_search(request)
        study = Study.create_or_load(request.folder, request.space, storage=storage, settings={"trials": 8})
        for value in (3.5, 12.25, None, None):
            trial = study.ask()
            assert trial is not None
            if value is not None:
                study.complete(trial, [value], {"steps": 1200})
            elif trial.number == 2:
                study.fail(trial, "step 480: a loss of nan")
        study.close()
        life.release()
        return request.folder

    return make


@pytest.fixture(autouse=True)
def _nothing_outlives_its_test(workspace: Path) -> Iterator[None]:
    yield
    for name in Workspace(workspace).study_names():
        found = read_job_status(Workspace(workspace).study_folder(name).path)
        if found.state.alive and found.lock_info is not None and found.lock_info.group:
            with suppress(ProcessLookupError):
                os.killpg(found.lock_info.worker.pid, signal.SIGKILL)


@pytest.mark.process
def test_search_with_original_options_confirms_a_winner(gts, space: Path, workspace: Path) -> None:
    words = "search hopper/tiny.space trials.db 3 -n 2 -l logs --threads 1 --confirm 2 --confirm-seeds 2"
    outcome: Outcome = gts(*words.split())
    assert outcome.code == 0, outcome.err
    assert "note: 2 workers for 1 CPUs: using 1 workers" in outcome.err
    for number in range(3):
        assert sum(line.startswith(f"trial {number} ✓") for line in outcome.err.splitlines()) >= 1
    assert "learningRate 0.001, discountFactor 0.99" in outcome.err  # trial 0: the defaults
    assert "searched 3 trials: 3 complete" in outcome.out
    assert "over 2 fresh seeds; " in outcome.out
    assert "next: gts best tiny --out tiny.spec" in outcome.out
    assert (workspace / "trials.db").exists()
    logs = workspace / "logs" / "tiny"
    assert json.loads((logs / "tiny.space").read_text())["name"] == "tiny"
    for number in range(3):
        assert {"training.spec", "best.checkpoint"} <= {path.name for path in (logs / f"000{number}-seed1").iterdir()}

    assert gts("best", "tiny", "--out", "best.spec").code == 0
    winner = json.loads((workspace / "best.spec").read_text())["comment"]
    row = gts("jobs", "--json").data["jobs"][0]
    assert (row["id"], row["state"], row["trials"], row["trials_wanted"]) == ("tiny", "done", 3, 3)
    assert "3 of 3 trials, best " in gts("jobs").out
    info = gts("info", "tiny", "--json").data
    assert f"Trial {info['found']['winner']} of the study tiny, one of 3." in winner
    assert info["found"]["counts"] == {"complete": 3}
    assert info["axes"] == list(AXES)
    assert "95 %" in gts("info", "studies/tiny").out
    told = gts("tail", "tiny")
    assert (told.code, "confirmed" in told.out, "winner: trial" in told.out) == (0, True, True)

    # Again: nothing is left to do. With a larger number it goes on, in the same storage and with the other settings as before.
    outcome = gts("search", "hopper/tiny.space", "--threads", 1, "--json")
    assert (outcome.code, outcome.data["counts"], outcome.data["steps"]) == (0, {"complete": 3}, 0)
    assert "all 3 trials are done" in outcome.err
    assert len(outcome.data["best"]) == 2
    outcome = gts(
        "search", "hopper/tiny.space", 4, "-s", "random", "--pruner", "none", "--threads", 1, "--confirm", 0, "--json"
    )
    assert outcome.data["counts"] == {"complete": 4}
    assert outcome.data["storage"] == str(workspace / "trials.db")
    assert "sampler is now random (was tpe)" in outcome.err
    assert [trial["number"] for trial in gts("trials", "tiny", "--sort", "number", "--json").data["trials"]] == [0, 1, 2, 3]


@pytest.mark.process
@pytest.mark.slow
def test_ctrl_c_saves_and_the_same_command_resumes(gts, space: Path, workspace: Path) -> None:
    words = ["search", "hopper/tiny.space", "2", *map(str, QUICK)]
    long = json.loads(space.read_text())
    long["params"] |= {"nSteps": 400_000, "nEpochs": 1000, "nEvaluations": 100}
    space.write_text(json.dumps(long))
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ |= {"TERM": "xterm-256color", "COLUMNS": "80"}
        os.execv(sys.executable, [sys.executable, "-m", "gts", *words])
    said = b""
    asked = False
    with suppress(OSError):  # the terminal of a process that has ended
        while data := os.read(terminal, 65536):
            said += data
            if not asked and b"/s" in said:
                os.write(terminal, b"\x03")
                asked = True
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    text = said.decode(errors="replace")
    assert os.waitstatus_to_exitcode(status) == 130, text
    assert "\x1b[" in text  # a bar
    assert "0/2" in text
    assert "interrupted after 0 of 2 trials" in text
    assert "next: gts search hopper/tiny.space" in text
    folder = Workspace(workspace).study_folder("tiny")
    assert "unasked" not in folder.log.read_text()
    assert read_job_status(folder.path).state.name == "paused"
    saved = newest_steps(folder)
    assert len(saved) == 2

    # They go on where they were, under their numbers.
    outcome = gts("resume", "tiny")
    assert "tiny resumed at 0 of 2 trials" in outcome.out, outcome.err
    wait_until(
        lambda: gts("jobs", "--json").data["jobs"][0]["step"] > sum(saved), what=lambda: folder.log.read_text(), interval=0.2
    )
    outcome = gts("stop", "tiny")
    assert "tiny: stopped, 0 of 2 trials done" in outcome.out, outcome.err
    assert all(now > before for now, before in zip(newest_steps(folder), saved, strict=True))
    data = gts("trials", "tiny", "--json").data
    assert [(trial["number"], trial["state"]) for trial in data["trials"]] == [(0, "running"), (1, "running")]


def newest_steps(folder: StudyFolder) -> list[int]:
    """Return the step of the newest checkpoint of every training."""
    return [max(int(path.stem[5:]) for path in run.glob("member1/last-*")) for run in sorted(folder.path.glob("trials/*"))]


@pytest.mark.slow
@pytest.mark.process
def test_detached_search_is_followed_to_its_end(gts, space: Path, workspace: Path) -> None:
    outcome = gts("search", "hopper/tiny.space", 2, *QUICK, "--detach")
    assert outcome.code == 0, outcome.err
    assert "search tiny started in the background" in outcome.out
    assert gts("search", "hopper/tiny.space", "--reset", "--yes").code == 2  # somebody works on it
    told = gts("tail", "tiny")
    assert told.code == 0, told.err
    assert "trial 1 complete" in told.out
    assert "best so far: trial" in told.out
    assert gts("resume", "tiny").code == 2


@pytest.mark.process
def test_detached_search_that_cannot_start_is_reported(gts, standing, space: Path) -> None:
    standing()
    other = json.loads(space.read_text()) | {"technique": "a2c"}
    space.write_text(json.dumps(other))
    outcome = gts("search", "hopper/tiny.space", "--detach", "--threads", 1)
    assert outcome.code == 1
    assert 'were made with the technique "ppo"' in outcome.err


@pytest.mark.process
@pytest.mark.slow
def test_reset_moves_the_old_study_aside(gts, standing, space: Path, workspace: Path) -> None:
    elsewhere = str(workspace / "trials.db")
    standing(elsewhere)
    before = (workspace / "trials.db").read_bytes()
    outcome = gts("search", "hopper/tiny.space", "--reset")
    assert (outcome.code, "add --yes" in outcome.err) == (2, True)
    asked: list[str] = []
    context = Context(Workspace(workspace), 1, confirm=lambda question: bool(asked.append(question)))
    with pytest.raises(UsageError, match="was not changed"):
        list(search.run_search(context, **_values("hopper/tiny.space", reset=True)))
    assert asked == ["Move the study tiny with its 3 trials aside and start a new one?"]
    life = JobLock.acquire(Workspace(workspace).study_folder("tiny").lock)
    assert gts("search", "hopper/tiny.space", "--reset", "--yes").code == 2
    life.release()
    assert (workspace / "trials.db").read_bytes() == before

    # The same storage once more: the old study in it gets another name, and both can be read.
    outcome = gts("search", "hopper/tiny.space", "trials.db", 1, *QUICK, "--reset", "--yes", "--json")
    assert outcome.code == 0, outcome.err
    assert outcome.data["counts"] == {"complete": 1}
    (kept,) = (workspace / "studies" / ".trash").iterdir()
    assert f"is now called {kept.name}" in outcome.err
    assert len(gts("trials", kept, "--json").data["trials"]) == 4
    assert Workspace(workspace).study_names() == ["tiny"]


def _values(word: str, **changed: Any) -> dict[str, Any]:
    """Default values of the options of `search.run_search`, with some replaced."""
    declared = search.COMMAND
    values = {one.name: one.default for one in declared.arguments} | {"space": word}
    values |= {one.value_name: False if one.type == "flag" else one.default for one in declared.options}
    return values | changed


def test_jobs_shows_progress_of_a_search(gts, standing, workspace: Path) -> None:
    for storage in (None, str(workspace / "trials.db")):
        folder = standing(storage)
        (row,) = gts("jobs", "--json").data["jobs"]
        assert (row["kind"], row["state"]) == ("search", "interrupted")
        assert (row["trials"], row["trials_wanted"], row["best"], row["step"]) == (3, 8, 12.25, 2400)
        assert "3 of 8 trials, best 12.25" in gts("jobs").out
        assert "37 %" in gts("tail", "tiny", "--no-follow").out
        info = gts("info", "tiny").out
        assert "1 running, 2 complete, 1 failed, 8 wanted" in info
        for path in sorted(folder.path.iterdir()):
            path.unlink()
        folder.path.rmdir()


def test_unreadable_study_is_listed(gts, standing, workspace: Path) -> None:
    folder = standing()
    folder.database.write_bytes(b"this is no database, whatever it looks like" * 100)
    (row,) = gts("jobs", "--json").data["jobs"]
    assert (row["trials"], row["best"]) == (None, None)
    assert gts("jobs").code == gts("info", "tiny").code == 0
    outcome = gts("search", "hopper/tiny.space", "--threads", 1)
    assert (outcome.code, "study.db" in outcome.err) == (2, True)


def test_search_on_a_terminal_shows_bar_and_trials(standing) -> None:
    drawn = StringIO()
    console = Console(file=drawn, force_terminal=True, width=60, color_system=None)
    with EventDisplay(console, StopRequest(), detail=False) as display:
        display.show(SearchStarted(standing(), 3, 8, (3, 4)))
        display.show(TrialStarted(12, {"actor.learningRate": 0.001234567, "discountFactor": 0.99, "critic.learningRate": 0.1}))
        display.show(TrialEnded(12, "complete", (1234.5,)))
        display.show(TrialEnded(13, "pruned", (-3.0,)))
        display.show(TrialEnded(14, "failed", (), "step 7: a loss of nan \x1b[2J" + "x" * 100))
        display.show(TrialConfirmed(12, 1234.5, 1000.0, 900.0, 1100.0))
    said = drawn.getvalue()
    assert "search tiny: 3 of 8 trials done, resuming trials 3, 4" in said
    assert "trial 12 ✓   1234.5  a.learningRate 0.00123, discountFactor…" in said
    assert "trial 13 ✂       -3" in said
    assert "trial 14 ✗ step 7: a loss of nan" in said
    assert "\x1b[2J" not in said
    assert "best 1234.5" in said
    assert "trial 12 ✓ confirmed 1000.0 [900, 1100.0], 12" in said


def test_search_without_terminal_prints_progress_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    from gts.commands.views import live

    monkeypatch.setattr(live, "LINE_SECONDS", 0.0)
    said = StringIO()
    with EventDisplay(Console(file=said, width=200), StopRequest(), detail=False) as display:
        display.show(StudyProgress(ended=5, wanted=14, best=77.0, step=12_000, rate=3800.0, trainings=4, seconds_left=75.0))
    assert said.getvalue() == "5 of 14 trials, 3.8k/s, 1 min 15 s left, best 77\n"


BAD = [
    ("search none.space", "no such file"),
    ("search tiny.spec", "is a spec, not a space"),
    ("search wrong.space", "wrong.space:1:"),
    ("search folder.space", "becomes a folder"),
    ("search hopper/tiny.space 0", "`0` is not a number of trials"),
    ("search hopper/tiny.space -- -3", "`-3` is not a number of trials"),
    ("search hopper/tiny.space a.db many", "`many` is not a number of trials"),
    ("search hopper/tiny.space -s tpee", 'did you mean "tpe"'),
    ("search hopper/tiny.space --pruner mediam", 'did you mean "median"'),
    ("search hopper/tiny.space -s grid", "`actor.learningRate` is a continuous range"),
    ("search hopper/tiny.space nowhere/a.db", "does not exist"),
    ("search hopper/tiny.space hopper", "is a folder"),
    ("search hopper/tiny.space tiny.spec 3", "is not an SQLite database"),
    ("search hopper/tiny.space round.db 3", "too many levels of symbolic links"),
    ("search hopper/tiny.space mysql://server/a", 'unknown kind of storage "mysql"'),
    ("search hopper/tiny.space -l tiny.spec", "cannot make the folder"),
    ("search hopper/tiny.space --workspace /proc", "cannot make the folder"),
    ("search hopper/tiny.space -n 0", "at least 1"),
    ("worker", "the option --study is missing"),
    ("worker --study trials.db#tiny", "which machines cannot share"),
]


@pytest.mark.parametrize(("words", "complaint"), BAD, ids=[words for words, _ in BAD])
def test_bad_input_is_one_clear_message_and_nothing_is_written(
    gts, space: Path, workspace: Path, words: str, complaint: str
) -> None:
    (workspace / "wrong.space").write_text(json.dumps({**TINY_SPEC, "paramSpace": {"actor.learningRates": [1.0]}}))
    (workspace / "folder.space").write_text(json.dumps({**TINY_SPEC, "name": "../up", "paramSpace": AXES}))
    (workspace / "round.db").symlink_to("round.db")
    before = {path: path.lstat().st_mtime_ns for path in workspace.rglob("*")}
    outcome = gts(*words.split())
    assert outcome.code == 2, outcome.err
    assert outcome.out == ""
    assert outcome.err.startswith("error: ")
    assert complaint in outcome.err
    assert {path: path.lstat().st_mtime_ns for path in workspace.rglob("*")} == before


def test_missing_sampler_library_exits_with_3(gts, space: Path, workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from gts.search import samplers

    monkeypatch.setattr(samplers, "find_spec", lambda name: None)
    outcome = gts("search", "hopper/tiny.space", "-s", "gp")
    assert (outcome.code, "pip install 'gts[search]'" in outcome.err) == (3, True)
    assert not (workspace / "studies").exists()


def test_searched_seed_is_a_warning(gts, space: Path) -> None:
    space.write_text(json.dumps({**TINY_SPEC, "paramSpace": {"seed": [1, 2]}}))
    outcome = gts("search", "hopper/tiny.space", "nowhere/a.db")
    assert outcome.err.startswith("note: hopper/tiny.space:1:")
    assert "picks lucky seeds" in outcome.err


def test_each_study_keeps_its_own_password(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from gts.commands.search import storage_without_password
    from gts.jobs.job_store import Job
    from gts.jobs.launch import worker_environment
    from gts.search import storage as module
    from gts.search.storage_url import parse_storage_url

    monkeypatch.setattr("gts.search.storage_url._PASSWORDS", {})
    monkeypatch.delenv("PGPASSWORD", raising=False)
    words = {"first": "postgresql://me:se%2Fcret@host:5432/a", "second": "postgres://me@host:5432/b?password=other"}
    stored = {}
    for name, word in words.items():
        stored[name], notes = storage_without_password(word)
        assert "~/.pgpass" in notes[0].text
    assert stored == {"first": "postgresql+psycopg://me@host:5432/a", "second": "postgresql+psycopg://me@host:5432/b"}
    assert "PGPASSWORD" not in os.environ

    connected: list[object] = []
    monkeypatch.setattr(module, "RDBStorage", lambda url, engine_kwargs, **_: connected.append(engine_kwargs["connect_args"]))
    for name in ("first", "second", "first"):
        module.open_storage(parse_storage_url(stored[name]))
    assert [arguments["password"] for arguments in connected] == ["se/cret", "other", "se/cret"]

    def job(kind: str, request: dict[str, object]) -> Job:
        return Job("x", kind, "x", tmp_path, "running", "", request=request)

    passed = [worker_environment(job("search", {"storage": storage})).get("PGPASSWORD") for storage in stored.values()]
    assert passed == ["se/cret", "other"]
    assert "PGPASSWORD" not in worker_environment(job("train", {}))
    assert "PGPASSWORD" not in worker_environment(job("search", {"storage": "postgresql+psycopg://me@elsewhere/a"}))
    assert "PGPASSWORD" not in worker_environment()
