"""Studies opened by their owner: created, interrupted, resumed, changed."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from gts.errors import UsageError
from gts.search.settings import SearchSettings
from gts.search.study import Study
from gts.search.study_reader import read_study, read_study_by_reference
from gts.search.trial_records import StudyView
from gts.store.workspace import StudyFolder, Workspace
from tests.support.small_space import SPACE, Open, space


def worth(values: dict) -> float:
    """Value with its maximum at 1e-3 and 0.95."""
    return -((math.log10(values["actor.learningRate"]) + 3) ** 2) - 10 * (values["lambda"] - 0.95) ** 2


def run_all(study: Study) -> list:
    refs = []
    while (trial := study.ask()) is not None:
        refs.append(trial)
        study.complete(trial, [worth(trial.values)])
    return refs


def test_the_first_trial_has_the_defaults_that_lie_inside(open_study: Open) -> None:
    study = open_study(space(params={"nEnvironments": 4, "lambda": 0.9}), trials=3)
    first = study.ask()
    assert first.number == 0
    assert first.values["lambda"] == 0.9
    assert first.values["actor.learningRate"] == 1e-3
    assert first.values["actor.hiddenSize"] in (16, 32, 64)
    assert first.spec.params.n_environments == 4
    assert first.spec.given_values["lambda"] == 0.9
    assert study.ask().values != first.values


def test_ask_ends_at_the_target_number_of_trials(open_study: Open) -> None:
    study = open_study(trials=3)
    refs = [study.ask() for _ in range(3)]
    assert study.ask() is None and not study.is_finished()
    study.complete(refs[0], [1.0])
    study.fail(refs[1], "it fell apart")
    study.report(refs[2], 30_000, 0.5)
    study.prune(refs[2])
    assert study.ask() is None and study.is_finished()
    rows = study.read_view().trials
    assert [row.state for row in rows] == ["complete", "failed", "pruned"]
    assert [row.value for row in rows] == [1.0, None, 0.5]
    assert rows[1].reason == "it fell apart"
    assert [row.number for row in study.best_trials(9)] == [0]
    more = open_study(trials=4)
    assert more.ask().number == 3
    assert "trials is now 4 (was 3)" in more.take_notes()


def test_unfinished_trials_are_resumed(open_study: Open) -> None:
    study = open_study(trials=4)
    told, left, late = study.ask(), study.ask(), study.ask()
    study.complete(told, [1.0])
    study.report(left, 10_000, 0.25)
    study.close()
    again = open_study()
    assert again.settings.trials == 4
    running = again.claim_running_trials()
    assert [(one.number, one.values, one.spec) for one in running] == [
        (one.number, one.values, one.spec) for one in (left, late)
    ]
    again.report(running[0], 10_000, 9.0)
    again.report(running[0], 20_000, 0.5)
    again.complete(running[0], [0.5], {"seedValues": [0.4, 0.6], "steps": 180_000, "seconds": 12.5})
    assert again.ask().number == 3
    row = again.read_view().get_trial(1)
    assert row.curve == ((10_000, 0.25), (20_000, 0.5))
    assert (row.seed_values, row.steps, row.seconds) == ((0.4, 0.6), 180_000, 12.5)
    assert again.claim_running_trials() == []


def test_a_trial_keeps_its_spec_when_the_space_changes(open_study: Open) -> None:
    study = open_study(trials=2)
    begun = study.ask()
    study.close()
    again = open_study(space(nSteps=120_000))
    assert any("nSteps is now 120000 (was 90000)" in note for note in again.take_notes())
    assert again.claim_running_trials()[0].spec == begun.spec
    assert again.ask().spec.params.n_steps == 120_000


OWNER = """
import json, sys
from pathlib import Path
from gts.formats.space_file import read_space
from gts.search.study import Study
from gts.store.workspace import Workspace
folder = Workspace(Path(sys.argv[1])).study_folder("small")
study = Study.create_or_load(folder, read_space(sys.argv[2]), storage=None, settings={"trials": 12, "sampler": "random"})
running = study.claim_running_trials()
while True:
    trial = running.pop(0) if running else study.ask()
    if trial is None:
        break
    for step in (30000, 60000, 90000):
        study.report(trial, step, float(trial.number))
        print(trial.number, step, flush=True)
    study.complete(trial, [float(trial.number)])
print("end", flush=True)
"""


@pytest.mark.process
@pytest.mark.slow
def test_kills_lose_and_repeat_no_trial(tmp_path: Path, folder: StudyFolder) -> None:
    path = tmp_path / "small.space"
    path.write_text(json.dumps(SPACE))
    for lines in (1, 5, 8, 3, 7, None):
        owner = subprocess.Popen([sys.executable, "-c", OWNER, str(tmp_path), str(path)], stdout=subprocess.PIPE, text=True)
        if lines is None:
            assert owner.communicate()[0].endswith("end\n")
            assert owner.returncode == 0
            break
        for _ in range(lines):
            owner.stdout.readline()
        os.kill(owner.pid, signal.SIGKILL)
        owner.wait()
        owner.stdout.close()
    rows = read_study_by_reference(Workspace(tmp_path), "small").trials
    assert [(row.number, row.state, row.value) for row in rows] == [(n, "complete", float(n)) for n in range(12)]
    assert len({json.dumps(row.params) for row in rows}) == 12


def test_a_restarted_sampler_finds_new_points(open_study: Open) -> None:
    for sampler in ("random", "tpe"):
        seen = []
        for _ in range(3):
            study = open_study(space(name=f"restarted-{sampler}"), sampler=sampler, trials=9)
            for _ in range(3):
                trial = study.ask()
                seen.append(trial.values["actor.learningRate"])
                study.complete(trial, [worth(trial.values)])
            study.close()
        assert len(set(seen)) == 9


def test_the_same_seed_finds_the_same_points(open_study: Open, tmp_path: Path) -> None:
    found = [
        [ref.values for ref in run_all(open_study(at=Workspace(tmp_path / word).study_folder("small"), trials=5, seed=seed))]
        for word, seed in (("a", 3), ("b", 3), ("c", 4))
    ]
    assert found[0] == found[1] != found[2]


def test_a_value_that_is_not_finite_fails_the_trial(open_study: Open) -> None:
    study = open_study(trials=2)
    trial = study.ask()
    study.report(trial, 10_000, math.nan)
    study.complete(trial, [math.nan])
    row = study.read_view().get_trial(0)
    assert (row.state, row.value, row.curve) == ("failed", None, ())
    assert "nan" in row.reason


def test_a_point_without_a_valid_spec_fails_and_the_next_is_asked_for(
    open_study: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = open_study(trials=3)
    from gts.errors import Problem
    from gts.formats.space_file import SearchSpace
    from gts.params.spec import ParameterError

    real = SearchSpace.spec

    def refuse_first(self: SearchSpace, values: dict) -> object:
        if values["lambda"] == 0.95:
            raise ParameterError([Problem("it cannot be", "lambda")])
        return real(self, values)

    monkeypatch.setattr(SearchSpace, "spec", refuse_first)
    assert study.ask().number == 1
    assert study.read_view().get_trial(0).reason == "it cannot be"


def test_changed_objectives_techniques_and_choices_are_refused(open_study: Open, folder: StudyFolder) -> None:
    study = open_study(trials=5)
    study.complete(study.ask(), [1.0])
    study.close()
    axes = dict(SPACE["paramSpace"])
    for changed, complaint in (
        ({"objective": ["score", "speed"]}, "has other objectives"),
        ({"objective": "speed"}, "were made with the objective"),
        ({"technique": "a2c", "paramSpace": {"lambda": axes["lambda"]}}, "were made with the technique"),
        ({"paramSpace": {**axes, "actor.hiddenSize": [16, 128]}}, "`actor.hiddenSize` can take have changed"),
    ):
        with pytest.raises(UsageError, match=complaint) as refused:
            open_study(space(**changed))
        assert "--reset" in refused.value.hint
    wider = open_study(space(paramSpace={**axes, "lambda": {"min": 0.5, "max": 1.0}}))
    assert wider.ask().number == 1


def test_a_database_outside_the_folder_has_one_owner(open_study: Open, tmp_path: Path) -> None:
    file = str(tmp_path / "odd {name} #1?.db")
    study = open_study(storage=file, trials=1)
    with pytest.raises(UsageError, match="another search works with"):
        open_study(storage=file, at=Workspace(tmp_path / "other").study_folder("small"))
    run_all(study)
    study.close()
    assert open_study().is_finished()
    assert read_study_by_reference(Workspace(tmp_path), "small").trials[0].state == "complete"


def test_the_database_file_is_written_durably(open_study: Open, folder: StudyFolder) -> None:
    study = open_study(trials=1)
    connection = study._storage.engine.raw_connection()
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
    connection.close()


def test_reading_a_live_study_writes_nothing(open_study: Open, folder: StudyFolder) -> None:
    study = open_study(trials=2)
    study.ask()
    before = folder.database.read_bytes()
    os.chmod(folder.database, 0o444)
    view = read_study(*_place(folder))
    assert [row.state for row in view.trials] == ["running"]
    assert folder.database.read_bytes() == before
    assert sorted(path.name for path in folder.path.iterdir()) == ["study.db", "study.json"]
    assert study.ask().number == 1


@pytest.mark.process
def test_a_reader_rolls_back_the_journal_of_a_killed_writer(open_study: Open, folder: StudyFolder) -> None:
    study = open_study(trials=2)
    study.complete(study.ask(), [1.0])
    study.close()
    program = (
        "import os, sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None); c.execute('PRAGMA cache_size=1');"
        "c.execute('BEGIN'); c.execute('CREATE TABLE junk (a)');"
        "c.executemany('INSERT INTO junk VALUES (?)', [('x' * 900,)] * 500);"
        "c.execute('UPDATE trials SET state = \"FAIL\"'); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", program, str(folder.database)], check=False)
    assert folder.database.with_name("study.db-journal").exists()
    assert read_study(*_place(folder)).trials[0].value == 1.0


def test_confirmations_are_stored_and_decide_the_best_trial(open_study: Open) -> None:
    study = open_study(trials=3)
    for value in (1.0, 3.0, 2.0):
        study.complete(study.ask(), [value])
    assert [row.number for row in study.best_trials(2)] == [1, 2]
    study.confirm(1, [7, 8, 9], [0.5, 0.7, 0.6])
    result = study.confirm(2, [7, 8, 9, 10], [1.5, 1.9, 1.6, 1.8])
    assert result.iqm == pytest.approx(1.7) and result.low <= 1.7 <= result.high
    view: StudyView = study.read_view()
    assert view.best_trial().number == 2
    assert view.best_trial().confirmed == result
    assert [row.number for row in view.ranked_trials()] == [1, 2, 0]


def test_settings_are_kept_and_changes_noted(open_study: Open) -> None:
    assert open_study(trials=7, seeds=3, sampler="random", last_evaluations=2).take_notes() == []
    again = open_study(sampler="tpe")
    assert again.take_notes() == ["sampler is now tpe (was random)"]
    assert again.settings == SearchSettings(trials=7, seeds=3, last_evaluations=2)
    with pytest.raises(UsageError, match="did you mean"):
        open_study(sampler="tpp")
    with pytest.raises(UsageError, match="whole number from 1"):
        open_study(trials=0)


def test_tuning_and_fresh_seeds_are_disjoint() -> None:
    settings = SearchSettings(seeds=50, confirm_seeds=50)
    assert not set(settings.tuning_seeds(7)) & set(settings.fresh_seeds(7))


def test_a_full_disk_and_a_damaged_file_are_different_errors(open_study: Open, folder: StudyFolder) -> None:
    from gts.errors import FileError, FullDiskError

    study = open_study(trials=2)
    trial = study.ask()
    study._storage.engine.dispose()
    full = _fill
    event.listen(study._storage.engine, "connect", full)
    with pytest.raises(FullDiskError, match="full"):
        study.complete(trial, [1.0], {"note": "x" * 200_000})
    event.remove(study._storage.engine, "connect", full)
    study._storage.engine.dispose()
    study.complete(trial, [1.0])
    assert study.read_view().get_trial(0).state == "complete"
    study.close()
    folder.database.write_bytes(b"no database at all" * 100)
    with pytest.raises(FileError):
        open_study()


def _fill(connection: Any, record: object) -> None:
    """Limit a database to its present size."""
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages}")


def _place(folder: StudyFolder) -> tuple:
    from gts.search.study_reader import locate_study_storage

    return locate_study_storage(folder)
