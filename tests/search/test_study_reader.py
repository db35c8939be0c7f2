"""Reading of studies: by the original program, several in one database, by `optuna-dashboard`."""

from __future__ import annotations

import json
import shutil
import socket
import sqlite3
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from gts.errors import FileError, UsageError
from gts.search.charts import compute_importances
from gts.search.study_reader import read_study_by_reference
from gts.search.study_report import make_trial_spec, select_trial
from gts.store.workspace import StudyFolder, Workspace
from tests.support.small_space import Open, space
from tests.support.waiting import wait_until

ORIGINAL = Path(__file__).with_name("original.sql")


@pytest.fixture
def original(tmp_path: Path) -> Path:
    """A study of the original program, as stored by Optuna 3.6."""
    path = tmp_path / "hopperSpace.db"
    connection = sqlite3.connect(path)
    connection.executescript(ORIGINAL.read_text())
    connection.close()
    return path


def test_a_study_of_the_original_program_is_read_unchanged(original: Path, tmp_path: Path) -> None:
    before = original.read_bytes()
    view = read_study_by_reference(Workspace(tmp_path), "hopperSpace.db")
    assert view.name == "hopperA2C_1"
    assert view.maximised == (True,)
    assert {state: count for state, count in view.count_states().items() if count} == {"complete": 13, "failed": 1}
    best = view.best_trial()
    assert best.value == 1589.05 and set(best.params) == {"seed", "actor.varianceScale"}
    assert view.domains["actor.varianceScale"].high == 0.6
    spec = make_trial_spec(view, best)
    assert (spec.figure, spec.technique) == ("hopper", "a2c")
    assert spec.params.seed == best.params["seed"]
    assert "1589.05" in spec.comment and "Not confirmed" in spec.comment
    assert set(compute_importances(view)) == {"seed", "actor.varianceScale"}
    assert sum(compute_importances(view).values()) == pytest.approx(1)
    assert original.read_bytes() == before


def test_a_study_of_the_original_program_is_continued(original: Path, open_study: Open, repository: Path) -> None:
    from gts.formats.space_file import read_space

    text = {
        "physicalModel": "hopper",
        "name": "hopperA2C_1",
        "technique": "a2c",
        "nSteps": 1_500_000,
        "paramSpace": {"seed": [1, 2, 3, 5, 8, 13, 21, 34], "actor.varianceScale": {"min": 0.3, "max": 0.6}},
    }
    path = original.with_name("a.space")
    path.write_text(json.dumps(text))
    study = open_study(read_space(path), storage=str(original), trials=15)
    assert study.ask().number == 14
    assert study.ask() is None
    assert study.best_trials()[0].value == 1589.05


def test_several_studies_in_one_database_are_chosen_by_name(open_study: Open, tmp_path: Path) -> None:
    file = str(tmp_path / "both.db")
    for name in ("one", "two"):
        study = open_study(space(name=name), storage=file, at=Workspace(tmp_path).study_folder(name), trials=1)
        study.ask()
        study.close()
    workspace = Workspace(tmp_path)
    assert read_study_by_reference(workspace, f"{file}#two").name == read_study_by_reference(workspace, "two").name == "two"
    with pytest.raises(UsageError, match="2 studies") as refused:
        read_study_by_reference(workspace, file)
    assert refused.value.hint.endswith("both.db#one")
    with pytest.raises(FileError, match="no study `three`"):
        read_study_by_reference(workspace, f"{file}#three")


def test_references_without_a_study_are_errors(tmp_path: Path, open_study: Open) -> None:
    open_study().close()
    workspace = Workspace(tmp_path)
    with pytest.raises(FileError, match="there is no study `smal`") as refused:
        read_study_by_reference(workspace, "smal")
    assert refused.value.hint == "did you mean small?"
    (tmp_path / "text.db").write_text("no database" * 100)
    sqlite3.connect(tmp_path / "empty.db").execute("CREATE TABLE a (b)").connection.close()
    (tmp_path / "nothing.db").touch()
    (tmp_path / "folder").mkdir()
    for name in ("text.db", "empty.db", "nothing.db", "folder"):
        with pytest.raises(FileError):
            read_study_by_reference(workspace, name)
    assert (tmp_path / "nothing.db").stat().st_size == 0


@pytest.mark.process
def test_the_dashboard_opens_a_study(open_study: Open, folder: StudyFolder) -> None:
    study = open_study(trials=2)
    study.complete(study.ask(), [12.5], {"seedValues": [12.0, 13.0]})
    study.confirm(0, [1, 2], [11.0, 12.0])
    study.fail(study.ask(), "it fell apart")
    program = shutil.which("optuna-dashboard", path=str(Path(sys.executable).parent))
    assert program, "optuna-dashboard is one of the extras that the tests need"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [program, f"sqlite:///{folder.database}", "--host", "127.0.0.1", "--port", str(port)]
    dashboard = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        studies = _fetched(f"http://127.0.0.1:{port}/api/studies")["study_summaries"]
        assert [one["study_name"] for one in studies] == ["small"]
        detail = _fetched(f"http://127.0.0.1:{port}/api/studies/{studies[0]['study_id']}?after=0")
        assert [trial["state"] for trial in detail["trials"]] == ["Complete", "Fail"]
        assert "<html" in urllib.request.urlopen(f"http://127.0.0.1:{port}/dashboard/", timeout=60).read().decode()
    finally:
        dashboard.terminate()
        dashboard.wait()
    assert study.read_view().get_trial(0).value == 12.5


def test_the_spec_of_the_best_trial_names_its_origin(open_study: Open) -> None:
    study = open_study(trials=4, seeds=2)
    for value in (1.0, 5.0, 4.0):
        study.complete(study.ask(), [value], {"seedValues": [value - 1, value + 1]})
    study.confirm(1, [1_000_001, 1_000_002], [2.0, 3.0])
    study.confirm(2, [1_000_001, 1_000_002], [3.0, 4.0])
    view = study.read_view()
    comment = make_trial_spec(view, select_trial(view, None)).comment
    for said in (
        "Trial 2 of the study small",
        "Search score: 4,",
        "seeds 1, 2",
        "fresh seeds 1000001, 1000002: IQM 3.5",
        "0.5",
    ):
        assert said in comment
    assert "Trial 0" in make_trial_spec(view, select_trial(view, 0)).comment
    with pytest.raises(UsageError, match="no trial 17"):
        select_trial(view, 17)


def _fetched(address: str) -> dict:
    """JSON answer of a server that may still be starting."""

    def fetch() -> dict | None:
        try:
            with urllib.request.urlopen(address, timeout=60) as answer:
                return json.load(answer)
        except OSError:
            return None

    found = wait_until(fetch, what=f"{address} to answer", interval=0.25)
    assert found is not None
    return found
