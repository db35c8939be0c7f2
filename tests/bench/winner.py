"""How long the original program's own search takes today: its space as it was, as many trials, as many steps.

    python tests/bench/winner.py hopperA2C.space      the space of the original; about an hour on two CPUs

The original's study of this space had 14 trials of 1.5 million steps, took a night, and its best trial scored 1589. Nothing is
pruned here and nothing trained again, so that the steps are the same. The output is the time until a trial first reached that
score, the time until all trials had ended, and their values; a line of JSON each.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from pathlib import Path

from gts.formats.space_file import read_space
from gts.jobs.job_events import SearchOutcome
from gts.jobs.process import run_job
from gts.jobs.requests import SearchRequest
from gts.jobs.searches.job import create_search
from gts.jobs.stop_request import StopRequest
from gts.search.study_reader import read_study_by_reference
from gts.store.workspace import Workspace
from gts.system.threads import available_cpus
from gts.system.versions import machine_info, package_versions

BEST = 1589.0
"""Of the original's study."""
_LOOK_SECONDS = 5.0


def main() -> None:
    """Run from the shell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("space", type=Path)
    parser.add_argument("--trials", type=int, default=14)
    parser.add_argument("--goal", type=float, default=BEST)
    arguments = parser.parse_args()
    print(json.dumps({"machine": machine_info(), "versions": package_versions(peers=False)}), flush=True)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        os.environ["GTS_STATE"] = str(folder / "state")
        workspace = Workspace(folder)
        settings = {"trials": arguments.trials, "pruner": "none", "confirm": 0}
        space = read_space(arguments.space)
        request = SearchRequest(
            workspace, space, str(arguments.space), settings=settings, workers=available_cpus(), threads=available_cpus()
        )
        job, life = create_search(request)
        began, looked, reached = time.perf_counter(), 0.0, None
        steps = 0
        for told in run_job(workspace, job, life, StopRequest()):
            now = time.perf_counter() - began
            if isinstance(told, SearchOutcome):
                steps = told.steps
            if reached is None and now - looked > _LOOK_SECONDS:
                looked = now
                # The scores during a trial are included, since a search could have stopped at them.
                scores = [value for trial in read_study_by_reference(workspace, job.name).trials for _, value in trial.curve]
                if scores and max(scores) >= arguments.goal:
                    reached = now
                    print(json.dumps({"reached": arguments.goal, "seconds": round(now, 1)}), flush=True)
        seconds = time.perf_counter() - began
        values = sorted(
            (trial.value for trial in read_study_by_reference(workspace, job.name).trials if trial.value is not None),
            reverse=True,
        )
    rate = steps / seconds
    print(
        json.dumps({"steps": steps, "seconds": round(seconds, 1), "rate": round(rate), "values": [round(v, 1) for v in values]})
    )


if __name__ == "__main__":
    main()
