"""What the catalogue has missed is found, and a workspace with many runs opens at once."""

import os
import statistics
import time
from dataclasses import replace
from pathlib import Path

from test_catalogue import JOB, RUN

from gts.store.catalogue import Catalogue, unindexed
from gts.store.workspace import Workspace

OPENING_SECONDS = 0.2
"""How long it may take on an idle machine to open a workspace with 1 000 runs."""


def make_runs(workspace: Workspace, count: int) -> list[str]:
    ids = [f"20261122-{number:06}-hopperPPO-k3f" for number in range(count)]
    for run in ids:
        folder = workspace.run(run)
        folder.member(0).mkdir(parents=True)
        for file in (folder.facts, folder.job, folder.log, folder.metrics, folder.spec(0)):
            file.write_text("{}")
    return ids


def index(workspace: Workspace, ids: list[str]) -> None:
    with Catalogue(workspace.catalogue) as catalogue:
        catalogue.put_many([replace(RUN, id=run) for run in ids], [replace(JOB, id=run) for run in ids])


def test_runs_that_the_catalogue_missed_are_found(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    ids = make_runs(workspace, 5)
    workspace.run("no-run-yet").path.mkdir()
    (workspace.runs / "a-file").touch()
    index(workspace, [ids[0], ids[3], "gone-since"])
    with Catalogue(workspace.catalogue, read_only=True) as catalogue:
        assert unindexed(workspace, catalogue) == [ids[1], ids[2], ids[4]]
    index(workspace, ids)
    with Catalogue(workspace.catalogue, read_only=True) as catalogue:
        assert unindexed(workspace, catalogue) == []
    assert workspace.run_ids() == ids


def test_a_workspace_without_runs_has_missed_none(tmp_path: Path) -> None:
    with Catalogue(tmp_path / "gts.db") as catalogue:
        assert unindexed(Workspace(tmp_path), catalogue) == []


def test_a_workspace_with_many_runs_opens_at_once(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    ids = make_runs(workspace, 1000)
    index(workspace, ids[:990])
    seconds = []
    for _ in range(5):
        started = time.perf_counter()
        with Catalogue(workspace.catalogue, read_only=True) as catalogue:
            assert len(workspace.run_ids()) == 1000
            assert len(catalogue.runs(limit=100)) == len(catalogue.jobs(kind="train", limit=100)) == 100
            assert unindexed(workspace, catalogue) == ids[990:]
        seconds.append(time.perf_counter() - started)
    print(f"a workspace with 1000 runs opens in {1000 * statistics.median(seconds):.1f} ms")
    patience = 4 if os.environ.get("CI") else 2
    assert statistics.median(seconds) < OPENING_SECONDS * patience
