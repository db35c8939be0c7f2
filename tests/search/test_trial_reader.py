"""Trials read from the tables equal those that Optuna reads; ended ones are read once."""

from __future__ import annotations

import math
from datetime import UTC

import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.storages import RDBStorage
from optuna.study import create_study
from optuna.trial import FrozenTrial, TrialState, create_trial

from gts.search import trial_reader
from gts.search.summary import StudySummary, summarize_study
from gts.search.trial_reader import TrialCache, read_stored_trials
from gts.store.workspace import StudyFolder
from tests.support.small_space import Open

DRAWN = {
    "rate": FloatDistribution(1e-4, 1e-1, log=True),
    "size": CategoricalDistribution((16, 32, "large", None)),
    "layers": IntDistribution(1, 5),
}


@pytest.fixture
def storage(folder: StudyFolder) -> RDBStorage:
    """A study with trials of every state and all kinds of numbers, beside another study."""
    folder.path.mkdir(parents=True)
    made = RDBStorage(f"sqlite:///{folder.database}")
    other = create_study(storage=made, study_name="other")
    other.add_trial(create_trial(value=1.0, params={"x": 1}, distributions={"x": IntDistribution(0, 3)}))
    study = create_study(storage=made, study_name="mixed", directions=["maximize", "minimize"])
    for at, size in enumerate(DRAWN["size"].choices):
        params = {"size": size, "rate": 10.0 ** -(at + 1), "layers": at + 1}
        study.add_trial(
            create_trial(
                values=[at / 3, math.inf],
                params=params,
                distributions=DRAWN,
                user_attrs={"reason": "[é]", "list": [1, 2]},
                intermediate_values={20: math.nan, 10: -math.inf, 30: 0.5},
            )
        )
    study.add_trial(create_trial(state=TrialState.FAIL, user_attrs={"reason": "step 3"}))
    study.enqueue_trial({"layers": 2})
    study.ask()
    study.enqueue_trial({"layers": 3})
    return made


def as_stored(trial: FrozenTrial) -> tuple[object, ...]:
    began, ended = trial.datetime_start, trial.datetime_complete
    return (
        trial.number,
        trial.state,
        began.astimezone(UTC) if began else None,
        ended.astimezone(UTC) if ended else None,
        tuple(trial.values or ()),
        trial.params,
        list(trial.params),
        trial.distributions,
        str(sorted(trial.intermediate_values.items())),  # nan differs from nan
        trial.user_attrs,
    )


@pytest.mark.parametrize("few", [500, 2])
def test_trials_equal_those_that_optuna_reads(storage: RDBStorage, few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial_reader, "_MAX_IN_CLAUSE", few)
    study = storage.get_study_id_from_name("mixed")
    expected = [as_stored(trial) for trial in storage.get_all_trials(study)]
    found = [
        (
            one.header.number,
            one.header.state,
            one.header.started,
            one.header.ended,
            one.values,
            one.params,
            list(one.params),
            one.distributions,
            str(list(one.curve)),
            one.user_attrs,
        )
        for one in read_stored_trials(storage, study)
    ]
    assert len(found) == 7 and found == expected


def test_only_ended_trials_are_cached(storage: RDBStorage) -> None:
    study, memory = storage.get_study_id_from_name("mixed"), TrialCache()
    first = read_stored_trials(storage, study, memory)
    running = next(trial for trial in first if trial.header.state == TrialState.RUNNING)
    storage.set_trial_intermediate_value(running.header.trial_id, 10, 7.0)
    second = read_stored_trials(storage, study, memory)
    assert [old is new for old, new in zip(first, second, strict=True)] == [True] * 5 + [False] * 2
    assert second[5].curve == ((10, 7.0),)


def test_the_cache_ignores_a_recreated_database(storage: RDBStorage) -> None:
    """A recreated database reuses the keys of the old one."""
    study, memory = storage.get_study_id_from_name("mixed"), TrialCache()
    first = read_stored_trials(storage, study, memory)
    memory.trials = {trial.header.trial_id: first[0] for trial in first}
    assert [trial.header.number for trial in read_stored_trials(storage, study, memory)] == list(range(7))


def test_a_study_is_summarised(open_study: Open) -> None:
    study = open_study(trials=5)
    for value in (1.0, 3.0):
        study.complete(study.ask(), [value], {"steps": 90})
    study.fail(study.ask(), "why")
    study.ask()
    assert summarize_study(study.read_view(), study.target_trials) == StudySummary(ended=3, wanted=5, best=3.0, steps=180)
