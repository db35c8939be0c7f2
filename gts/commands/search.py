"""`gts search`: from a space to a winner."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gts.commands.command import DETACHABLE, Argument, Command, Context, Note, Option
from gts.commands.resolve import kind_of, locate
from gts.commands.searches import conduct, crew_of, kept_storage, log_folder
from gts.errors import UsageError
from gts.jobs.searches.request import SearchRequest

if TYPE_CHECKING:
    from gts.formats.space_file import Space


def run(
    context: Context,
    *,
    space: str,
    storage: str | None,
    trials: str | None,
    workers: int | None,
    cohort: int,
    logdir: Path | None,
    save_every: float,
    reset: bool,
    yes: bool,
    detach: bool,
    queue: bool,
    sampler: str | None,
    pruner: str | None,
    seeds: int | None,
    last_evaluations: int | None,
    confirm: int | None,
    confirm_seeds: int | None,
    seed: int | None,
) -> Iterator[Any]:
    """Search a space, here or in a process of its own, from where its study stands; yields events, then the result."""
    storage, wanted = _storage_and_trials(storage, trials)
    path, content = _read(context, space)
    yield from (Note(problem.at(str(path))) for problem in content.warnings)
    asked = {"sampler": sampler, "pruner": pruner, "seeds": seeds, "last_evaluations": last_evaluations}
    asked |= {"trials": wanted, "confirm": confirm, "confirm_seeds": confirm_seeds, "seed": seed}
    settings = {key: value for key, value in asked.items() if value is not None}
    _check(content, settings)
    if storage is not None:
        storage, secret = kept_storage(storage)
        yield from secret
    crew = crew_of(context, workers)
    yield from crew.notes
    request = SearchRequest(
        workspace=context.workspace,
        space=content,
        source=space,
        storage=storage,
        settings=settings,
        workers=crew.workers,
        cohort=cohort,
        threads=crew.threads,
        logdir=log_folder(logdir, content, path.read_bytes()) if logdir is not None else None,
        save_every=save_every,
        queued=queue,
    )
    if reset:
        yield from _reset(context, request, yes)
    yield from conduct(context, request, detach=detach)


def _storage_and_trials(storage: str | None, trials: str | None) -> tuple[str | None, int | None]:
    """A number alone is that of the trials, as `gts search hopper.space 14` means it."""
    if storage is not None and trials is None and storage.lstrip("-").isdecimal():
        storage, trials = None, storage
    if trials is None:
        return storage, None
    if not trials.isascii() or not trials.isdecimal() or int(trials) < 1:
        raise UsageError(f"`{trials[:40]}` is no number of trials", hint="name 1 or more")
    return storage, int(trials)


def _read(context: Context, word: str) -> tuple[Path, Space]:
    """The space that a word names; raises FileError with everything that is wrong in it, UsageError for another file."""
    from gts.formats.space_file import read_space

    path = locate(context, word)
    kind = kind_of(path, context.workspace)
    if kind != "space":
        what = "describes one training" if kind == "spec" else "is nothing to search"
        raise UsageError(f"{path} is a {kind}, which {what}", hint="name a space; `gts new space` makes one")
    return path, read_space(path)


def _check(space: Space, settings: Mapping[str, Any]) -> None:
    """Refuse, before anything is written, what cannot be searched so; raises UsageError, MissingError without a library."""
    from gts.search.settings import Settings

    checked = Settings(**settings)
    if "sampler" in settings:
        # Only here: it loads Optuna.
        from gts.search.samplers import check_fit

        check_fit(checked, space)


def _reset(context: Context, request: SearchRequest, yes: bool) -> Iterator[Note]:
    """Set aside what there is of a study, if a person agrees."""
    from gts.jobs.searches.reset import in_the_way, set_aside
    from gts.search.summary import glance

    name, folder = request.space.name, request.folder
    if not any(in_the_way(folder, request.storage)):
        return
    if not yes:
        if context.ask is None:
            raise UsageError(f"--reset sets the study {name} aside, and nobody can be asked here", hint="add --yes")
        seen = glance(folder)
        with_them = f" with its {seen.ended} trials" if seen and seen.ended else ""
        if not context.ask(f"Set the study {name}{with_them} aside and begin anew?"):
            raise UsageError(f"the study {name} stays as it is; nothing was done", hint="without --reset it goes on")
    yield from map(Note, set_aside(context.workspace, folder, request.storage))


COMMAND = Command(
    name="search",
    summary="Search a space for the parameters that learn best; again: go on.",
    group="learning",
    run=run,
    help="Every search makes a study: the folder `studies/NAME` of the workspace with its trials, its log and a checkpoint of "
    "every training. In the end the best trials are trained again on fresh seeds, and the best of those wins. The same command "
    "goes on with a search that was stopped, killed or ended by a reboot; what it does not say stays as it was. The first "
    "Ctrl-C saves and ends. Every search is also a job: see `gts jobs`, `gts tail`, `gts stop`.",
    arguments=(
        Argument("space", "The space to search.", "space"),
        Argument(
            "storage",
            "Where the trials are kept: a file, or postgresql+psycopg://USER@HOST/DATABASE; in the study's folder if it is "
            "left out.",
            "file",
            required=False,
        ),
        Argument("trials", "How many trials in all; 100 if nobody has said so yet.", required=False),
    ),
    options=(
        Option(
            ("-n", "--workers"),
            "Processes that train; as many as there are CPUs if it is left out.",
            "integer",
            minimum=1,
            metavar="N",
        ),
        Option(("--cohort",), "Trainings that each has at a time.", "integer", default=4, minimum=1, maximum=256, metavar="M"),
        Option(
            ("-l", "--logdir"),
            "Copy spec, log and best checkpoint of every trial into a folder there that is named after the space.",
            "path",
            "folder",
        ),
        Option(("-s", "--sampler"), "What chooses the points: tpe (default), random, grid, qmc, gp, cmaes."),
        Option(("--pruner",), "What ends trials early: median (default), asha, hyperband, none."),
        Option(("--seeds",), "Train what looks good with that many seeds (default 1).", "integer", minimum=1, metavar="K"),
        Option(
            ("--last",),
            "A training counts by the mean of its last K evaluations (default 3).",
            "integer",
            minimum=1,
            metavar="K",
            name="last_evaluations",
        ),
        Option(
            ("--confirm",), "How many of the best are trained again at the end (default 5).", "integer", minimum=0, metavar="N"
        ),
        Option(("--confirm-seeds",), "Fresh seeds that each of them gets (default 5).", "integer", minimum=1, metavar="K"),
        Option(("--seed",), "Of the sampler (default 1).", "integer", minimum=0),
        Option(("--reset",), "Set aside what there is of the study, and begin anew; asks first.", "flag"),
        Option(("--yes",), "Do not ask.", "flag"),
        *DETACHABLE,
    ),
    threads=True,
    long=True,
    examples=(
        "gts search hopper/hopperA2C.space hopper.db 14 -n 2 -l logs",
        "gts search hopper/hopper.space 40 --seeds 3 --detach",
        "gts search hopper/hopper.space 60",
    ),
)
