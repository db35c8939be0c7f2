"""Studies on a PostgreSQL server: several owners, and a server that fails."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import sqlalchemy
from optuna.exceptions import StorageInternalError
from sqlalchemy.exc import OperationalError, PendingRollbackError

from gts.errors import FileError, UsageError, WorkError
from gts.search.storage import RetryPolicy
from gts.search.storage_url import parse_storage_url, split_study_name
from gts.search.study_reader import read_study, read_study_by_reference
from gts.store.workspace import StudyFolder, Workspace
from tests.support.postgresql import Server
from tests.support.small_space import SPACE, Open, space


@pytest.mark.parametrize(
    ("word", "shown"),
    [
        ("a.db", "a.db"),
        ("sqlite:///a.db", "a.db"),
        ("sqlite:////tmp/a%20b.db", "/tmp/a b.db"),
        ("postgresql://me:secret@host:5432/db", "postgresql+psycopg://me@host:5432/db"),
        ("postgres://host/db?password=secret&sslmode=require", "postgresql+psycopg://host/db?sslmode=require"),
    ],
)
def test_storage_locations_show_no_password(word: str, shown: str) -> None:
    assert parse_storage_url(word).display_url == shown
    assert "secret" not in repr(parse_storage_url(word))
    assert split_study_name(f"{word}#x") == (word, "x")


@pytest.mark.parametrize("word", ["mysql://host/db", "http://host", "postgresql://host:port/db"])
def test_other_addresses_are_refused(word: str) -> None:
    with pytest.raises(UsageError):
        parse_storage_url(word)


def test_an_unreachable_server_is_named() -> None:
    with pytest.raises(WorkError, match="cannot use postgresql") as refused:
        read_study(parse_storage_url("postgresql://me:secret@127.0.0.1:9/db"))
    assert "secret" not in refused.value.message
    assert "pgpass" in refused.value.hint


OWNER = """
import sys, threading, time
from pathlib import Path
from gts.formats.space_file import read_space
from gts.search.study import Study
from gts.store.workspace import Workspace
study = Study.create_or_load(Workspace(Path(sys.argv[1])).study_folder("small"), read_space(sys.argv[2]), storage=sys.argv[3],
                             settings={"trials": 24})
def print_notes():
    while True:
        for note in study.take_notes():
            print("note", note, flush=True)
        time.sleep(0.02)
threading.Thread(target=print_notes, daemon=True).start()
while (trial := study.ask()) is not None:
    for step in (30000, 60000, 90000):
        study.report(trial, step, float(step))
        print(trial.number, step, flush=True)
    study.complete(trial, [float(trial.number)])
print("notes", study.take_notes(), flush=True)
"""


def test_a_connection_lost_while_trials_are_read_is_retried() -> None:
    """Optuna repeats the query after the loss, so that its error names the pending rollback only."""
    said: list[str] = []
    patience = RetryPolicy(parse_storage_url("postgresql+psycopg://me@server/searches"), said.append, seconds=5.0)
    answers = iter([False, True])

    def call() -> str:
        if next(answers):
            return "here"
        try:
            try:
                raise OperationalError("SELECT 1", {}, RuntimeError("server closed the connection unexpectedly"))
            except OperationalError:
                raise PendingRollbackError("Can't reconnect until invalid transaction is rolled back.") from None
        except PendingRollbackError as error:
            raise StorageInternalError("An exception is raised during the commit.") from error

    assert patience(call) == "here"
    assert len(said) == 2
    assert "server closed the connection unexpectedly; trying again" in said[0]


@pytest.mark.process
@pytest.mark.slow
def test_owners_share_a_study_and_a_power_cut_loses_nothing(postgresql: Server, tmp_path: Path) -> None:
    path = tmp_path / "small.space"
    path.write_text(json.dumps({**SPACE, "name": "cut"}))
    owners = []
    for word in ("a", "b"):
        (tmp_path / word).mkdir()
        command = [sys.executable, "-c", OWNER, str(tmp_path / word), str(path), postgresql.url]
        owners.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
    try:
        for owner in owners:
            for _ in range(4):
                assert owner.stdout.readline(), owner.stderr.read()
        postgresql.stop("immediate")
        noticed = []
        for owner in owners:
            # Each one loses its connection and keeps trying.
            noticed.append("")
            while "trying again" not in noticed[-1]:
                line = owner.stdout.readline()
                assert line, owner.stderr.read()
                noticed[-1] += line
        postgresql.start()
        ends = [owner.communicate(timeout=300) for owner in owners]
        said = [(before + out, err) for before, (out, err) in zip(noticed, ends, strict=True)]
    finally:
        for owner in owners:
            owner.kill()
    assert [owner.returncode for owner in owners] == [0, 0], said
    trials = read_study(parse_storage_url(postgresql.url), "cut").trials
    assert [(row.number, row.state, row.value) for row in trials] == [(n, "complete", float(n)) for n in range(24)]
    assert all([step for step, _ in row.curve] == [30_000, 60_000, 90_000] for row in trials)
    assert any("trying again" in out for out, _ in said) and not any("secret" in out + err for out, err in said)
    assert len({json.dumps(row.params) for row in trials}) == 24


def test_the_password_is_not_stored(postgresql: Server, open_study: Open, folder: StudyFolder, tmp_path: Path) -> None:
    study = open_study(space(name="kept"), storage=postgresql.url, trials=2)
    study.complete(study.ask(), [1.0])
    study.close()
    assert "secret" not in folder.study_file.read_text()
    again = open_study(space(name="kept"))
    assert again.location.is_shared and again.ask().number == 1
    view = read_study_by_reference(Workspace(tmp_path), "small")
    assert (view.name, len(view.trials)) == ("kept", 2)
    assert "secret" not in view.storage
    assert read_study_by_reference(Workspace(tmp_path), f"{postgresql.url}#kept").name == "kept"
    with pytest.raises(FileError, match="no study `other`") as refused:
        read_study_by_reference(Workspace(tmp_path), f"{postgresql.url}#other")
    assert "`kept`" in refused.value.hint


def test_a_trial_without_heartbeats_is_taken_over(postgresql: Server, open_study: Open, tmp_path: Path) -> None:
    of = space(name="silent")
    dead = open_study(of, storage=postgresql.url, trials=3)
    lost, told = dead.ask(), dead.ask()
    dead.report(lost, 30_000, 1.0)
    other = open_study(of, storage=postgresql.url, at=Workspace(tmp_path / "other").study_folder("small"))
    assert other.claim_running_trials() == []
    _age_heartbeats(postgresql, (lost.number,))
    taken = other.ask()
    assert (taken.number, taken.values, taken.spec) == (lost.number, lost.values, lost.spec)
    assert dead.should_prune(lost)
    dead.complete(lost, [99.0])
    other.complete(taken, [2.0])
    dead.complete(told, [3.0])
    assert [row.value for row in other.read_view().trials] == [2.0, 3.0]
    assert other.read_view().get_trial(0).curve == ((30_000, 1.0),)
    assert other.ask().number == 2 and other.ask() is None


def test_an_owner_with_heartbeats_keeps_its_trials(postgresql: Server, open_study: Open, tmp_path: Path) -> None:
    of = space(name="living")
    study = open_study(of, storage=postgresql.url, trials=2)
    trial = study.ask()
    _age_heartbeats(postgresql, (0,))
    study.send_heartbeat()
    other = open_study(of, storage=postgresql.url, at=Workspace(tmp_path / "other").study_folder("small"))
    assert other.ask().number == 1 and other.ask() is None
    study.complete(trial, [1.0])
    assert not study.is_finished()


@pytest.mark.process
def test_concurrent_owners_get_different_trials(postgresql: Server, open_study: Open, tmp_path: Path) -> None:
    of = space(name="many")
    studies = [
        open_study(
            of, storage=postgresql.url, at=Workspace(tmp_path / str(n)).study_folder("small"), sampler="random", trials=12
        )
        for n in range(3)
    ]
    numbers: list[int] = []

    def work(study: object) -> None:
        while (trial := study.ask()) is not None:
            numbers.append(trial.number)
            study.complete(trial, [1.0])

    threads = [threading.Thread(target=work, args=(study,)) for study in studies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(numbers) == list(range(12))
    values = {json.dumps(row.params) for row in studies[0].read_view().trials}
    assert len(values) == 12


def _age_heartbeats(postgresql: Server, numbers: tuple[int, ...]) -> None:
    """Make the heartbeats of some trials an hour old."""
    engine = sqlalchemy.create_engine(postgresql.url)
    query = (
        "UPDATE trial_heartbeats SET heartbeat = heartbeat - interval '1 hour' WHERE trial_id IN "
        "(SELECT trial_id FROM trials WHERE state = 'RUNNING' AND number = ANY(:numbers))"
    )
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text(query), {"numbers": list(numbers)})
    engine.dispose()
