"""The trials of a study, read straight from Optuna's tables, and those that have ended only once.

Optuna makes an object of every number of a trial, which takes seconds where there are thousands of trials; a study that is
followed, or that its owner looks into whenever a trial ends, is read far too often for that.
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
from optuna.storages._rdb import models
from optuna.trial import TrialState

from gts.search.trial_records import TrialRecord

_MAX_IN_CLAUSE = 500
"""Trials that a query may name one by one; databases have a limit."""

_Parts = dict[int, dict[Any, Any]]


@dataclass(frozen=True)
class TrialHeader:
    """What a trial is known by, and how it stands."""

    trial_id: int
    """In the tables."""
    number: int
    state: TrialState
    started: datetime | None
    ended: datetime | None


@dataclass(frozen=True)
class StoredTrial:
    """A trial as the tables have it."""

    header: TrialHeader
    values: tuple[float, ...]
    params: dict[str, Any]
    distributions: dict[str, BaseDistribution]
    curve: tuple[tuple[int, float], ...]
    """Steps and reported values, by step."""
    user_attrs: dict[str, Any]


@dataclass
class TrialCache:
    """What one who looks at the same study again and again need not read again."""

    trials: dict[int, StoredTrial] = field(default_factory=dict)
    """Those that have ended, by their key in the table."""
    records: dict[int, tuple[StoredTrial, Any, TrialRecord]] = field(default_factory=dict)
    """What was made of them, and of their confirming, by number."""


def read_stored_trials(storage: RDBStorage, study_id: int, cache: TrialCache | None = None) -> list[StoredTrial]:
    """Every trial of a study by number; `memory` is read and brought up to date."""
    known = cache.trials if cache is not None else {}
    one = models.TrialModel.__table__.c
    with storage.engine.connect() as connection:
        # The states first: what has ended has all its values, which are read after it.
        query = sqlalchemy.select(one.trial_id, one.number, one.state, one.datetime_start, one.datetime_complete)
        rows = [_make_header(*row) for row in connection.execute(query.where(one.study_id == study_id))]
        # Another study may have taken the place of the one that is remembered, with the same keys.
        found = {
            head.trial_id: known[head.trial_id]
            for head in rows
            if head.trial_id in known and known[head.trial_id].header == head
        }
        missing = {head.trial_id: head for head in rows if head.trial_id not in found}
        if missing:
            found |= _read_trials(connection, study_id, missing)
    if cache is not None:
        cache.trials = {key: trial for key, trial in found.items() if trial.header.state.is_finished()}
    return sorted(found.values(), key=lambda trial: trial.header.number)


def _make_header(
    trial_id: int, number: int, state: TrialState, started: datetime | None, ended: datetime | None
) -> TrialHeader:
    # Optuna keeps times in UTC, and does not say so.
    return TrialHeader(
        trial_id, number, state, started.replace(tzinfo=UTC) if started else None, ended.replace(tzinfo=UTC) if ended else None
    )


def _read_trials(
    connection: sqlalchemy.Connection, study_id: int, headers: Mapping[int, TrialHeader]
) -> dict[int, StoredTrial]:
    """All that the tables have of some trials."""
    values: _Parts = {key: {} for key in headers}
    params: _Parts = {key: {} for key in headers}
    drawn_from: _Parts = {key: {} for key in headers}
    curves: _Parts = {key: {} for key in headers}
    user_attrs: _Parts = {key: {} for key in headers}
    known: dict[str, BaseDistribution] = {}
    value, step = models.TrialValueModel, models.TrialIntermediateValueModel
    for key, at, number, kind in _select_rows(connection, study_id, headers, value, "objective value value_type"):
        values[key][at] = value.stored_repr_to_value(number, kind)
    for key, name, number, text in _select_rows(
        connection, study_id, headers, models.TrialParamModel, "param_name param_value distribution_json"
    ):
        distribution = known.get(text) or known.setdefault(text, json_to_distribution(text))
        params[key][name], drawn_from[key][name] = distribution.to_external_repr(number), distribution
    for key, at, number, kind in _select_rows(
        connection, study_id, headers, step, "step intermediate_value intermediate_value_type"
    ):
        curves[key][at] = step.stored_repr_to_intermediate_value(number, kind)
    for key, name, text in _select_rows(connection, study_id, headers, models.TrialUserAttributeModel, "key value_json"):
        user_attrs[key][name] = json.loads(text)
    return {
        key: StoredTrial(
            head,
            tuple(values[key][at] for at in sorted(values[key])),
            params[key],
            drawn_from[key],
            tuple(sorted(curves[key].items())),
            user_attrs[key],
        )
        for key, head in headers.items()
    }


def _select_rows(
    connection: sqlalchemy.Connection, study_id: int, headers: Mapping[int, TrialHeader], model: Any, columns: str
) -> Iterator[Any]:
    """Rows of a table that belong to some trials, each with the key of its trial first."""
    table, trials = model.__table__, models.TrialModel.__table__
    query = sqlalchemy.select(table.c.trial_id, *(table.c[name] for name in columns.split()))
    if len(headers) <= _MAX_IN_CLAUSE:
        query = query.where(table.c.trial_id.in_(list(headers)))
    else:
        query = query.join(trials, trials.c.trial_id == table.c.trial_id).where(trials.c.study_id == study_id)
    # In the order in which they were written, which is that of the space's axes.
    return (row for row in connection.execute(query.order_by(*table.primary_key)) if row[0] in headers)
