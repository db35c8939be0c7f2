"""Trials read straight from Optuna's tables; a cache keeps those that have ended.

Optuna's reader builds an object per number, which takes seconds for thousands of trials. A study that is watched, or whose
owner reads it after every trial, is read too often for that.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import sqlalchemy
from optuna.distributions import BaseDistribution, json_to_distribution
from optuna.storages import RDBStorage
from optuna.trial import TrialState

from gts.search.optuna_internals import (
    TrialIntermediateValueModel,
    TrialModel,
    TrialParamModel,
    TrialUserAttributeModel,
    TrialValueModel,
)
from gts.search.trial_records import TrialRecord

_MAX_IN_CLAUSE = 500
"""Most trials in an SQL `IN` clause; databases have a limit."""

_ColumnByTrial = dict[int, dict[Any, Any]]
"""Values by trial id and by key, step or index."""


@dataclass(frozen=True)
class TrialHeader:
    """Identity, state and times of a trial."""

    trial_id: int
    """Database key."""
    number: int
    state: TrialState
    started: datetime | None
    ended: datetime | None


@dataclass(frozen=True)
class StoredTrial:
    """A trial as stored in the tables."""

    header: TrialHeader
    values: tuple[float, ...]
    params: dict[str, Any]
    distributions: dict[str, BaseDistribution]
    curve: tuple[tuple[int, float], ...]
    """(step, reported value), ordered by step."""
    user_attrs: dict[str, Any]


@dataclass
class TrialCache:
    """Trials kept between reads of the same study."""

    trials: dict[int, StoredTrial] = field(default_factory=dict)
    """Trials that have ended, by database key."""
    records: dict[int, tuple[StoredTrial, Any, TrialRecord]] = field(default_factory=dict)
    """(trial, confirmation, record made of them), by trial number."""


def read_stored_trials(storage: RDBStorage, study_id: int, cache: TrialCache | None = None) -> list[StoredTrial]:
    """All trials of a study, ordered by number; `cache` is used and updated."""
    known = cache.trials if cache is not None else {}
    columns = TrialModel.__table__.c
    with storage.engine.connect() as connection:
        # States are read before values, so that an ended trial is complete.
        query = sqlalchemy.select(
            columns.trial_id, columns.number, columns.state, columns.datetime_start, columns.datetime_complete
        )
        headers = [_make_header(*row) for row in connection.execute(query.where(columns.study_id == study_id))]
        # The headers are compared too: a recreated database reuses the keys of the one in the cache.
        found = {
            header.trial_id: known[header.trial_id]
            for header in headers
            if header.trial_id in known and known[header.trial_id].header == header
        }
        missing = {header.trial_id: header for header in headers if header.trial_id not in found}
        if missing:
            found |= _read_trials(connection, study_id, missing)
    if cache is not None:
        cache.trials = {key: trial for key, trial in found.items() if trial.header.state.is_finished()}
    return sorted(found.values(), key=lambda trial: trial.header.number)


def _make_header(
    trial_id: int, number: int, state: TrialState, started: datetime | None, ended: datetime | None
) -> TrialHeader:
    # Optuna stores times in UTC without a time zone.
    return TrialHeader(
        trial_id, number, state, started.replace(tzinfo=UTC) if started else None, ended.replace(tzinfo=UTC) if ended else None
    )


def _read_trials(
    connection: sqlalchemy.Connection, study_id: int, headers: Mapping[int, TrialHeader]
) -> dict[int, StoredTrial]:
    """Read some trials from all tables."""
    values: _ColumnByTrial = {key: {} for key in headers}
    params: _ColumnByTrial = {key: {} for key in headers}
    distributions: _ColumnByTrial = {key: {} for key in headers}
    curves: _ColumnByTrial = {key: {} for key in headers}
    user_attrs: _ColumnByTrial = {key: {} for key in headers}
    parsed: dict[str, BaseDistribution] = {}
    for key, objective, number, kind in _select_rows(
        connection, study_id, headers, TrialValueModel, "objective value value_type"
    ):
        values[key][objective] = TrialValueModel.stored_repr_to_value(number, kind)
    for key, name, number, text in _select_rows(
        connection, study_id, headers, TrialParamModel, "param_name param_value distribution_json"
    ):
        distribution = parsed.get(text) or parsed.setdefault(text, json_to_distribution(text))
        params[key][name], distributions[key][name] = distribution.to_external_repr(number), distribution
    for key, step, number, kind in _select_rows(
        connection, study_id, headers, TrialIntermediateValueModel, "step intermediate_value intermediate_value_type"
    ):
        curves[key][step] = TrialIntermediateValueModel.stored_repr_to_intermediate_value(number, kind)
    for key, name, text in _select_rows(connection, study_id, headers, TrialUserAttributeModel, "key value_json"):
        user_attrs[key][name] = json.loads(text)
    return {
        key: StoredTrial(
            header,
            tuple(values[key][objective] for objective in sorted(values[key])),
            params[key],
            distributions[key],
            tuple(sorted(curves[key].items())),
            user_attrs[key],
        )
        for key, header in headers.items()
    }


def _select_rows(
    connection: sqlalchemy.Connection, study_id: int, headers: Mapping[int, TrialHeader], model: Any, columns: str
) -> Iterator[Any]:
    """Rows of a table that belong to some trials; the first column is the trial's key."""
    table, trials = model.__table__, TrialModel.__table__
    query = sqlalchemy.select(table.c.trial_id, *(table.c[name] for name in columns.split()))
    if len(headers) <= _MAX_IN_CLAUSE:
        query = query.where(table.c.trial_id.in_(list(headers)))
    else:
        query = query.join(trials, trials.c.trial_id == table.c.trial_id).where(trials.c.study_id == study_id)
    # In the order of writing, which is that of the parameters of the space.
    return (row for row in connection.execute(query.order_by(*table.primary_key)) if row[0] in headers)
