"""What the command line knows of the things it can name: what a run trains, what a checkpoint scored, how a spec changes."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING

from gts.errors import GtsError
from gts.store.workspace import Workspace
from gts_tui.polling import changed

if TYPE_CHECKING:
    from gts.params.declaration import Parameter

_MOST_RUNS = 300
_MOST_SCORES = 1000


class Names:
    """Reads the catalogue again only where it has changed."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._read: dict[str, tuple[Hashable, object]] = {}

    def runs(self) -> list[tuple[str, str]]:
        """The newest runs with what they train, newest first."""
        stamp = changed(self._workspace.runs, self._workspace.catalogue)
        kept = self._read.get("runs")
        if kept is None or kept[0] != stamp:
            kept = self._read["runs"] = (stamp, self._runs())
        return kept[1]  # type: ignore[return-value]

    def _runs(self) -> list[tuple[str, str]]:
        from gts.commands.views.formatting import whole
        from gts.store.catalogue import Catalogue

        known: dict[str, str] = {}
        with suppress(GtsError), Catalogue(self._workspace.catalogue, read_only=True) as catalogue:
            for run in catalogue.runs(limit=_MOST_RUNS):
                members = f", {run.members} seeds" if run.members > 1 else ""
                known[run.id] = f"{run.figure} {run.technique}{members}, {whole(run.step)} of {whole(run.total_steps)} steps"
        newest = sorted(self._workspace.run_ids(), reverse=True)[:_MOST_RUNS]
        return [(run, known.get(run, "")) for run in newest]

    def studies(self) -> list[tuple[str, str]]:
        """The studies with what they search."""
        stamp = changed(self._workspace.studies, self._workspace.catalogue)
        kept = self._read.get("studies")
        if kept is None or kept[0] != stamp:
            kept = self._read["studies"] = (stamp, self._studies())
        return kept[1]  # type: ignore[return-value]

    def _studies(self) -> list[tuple[str, str]]:
        from gts.store.catalogue import Catalogue

        known: dict[str, str] = {}
        with suppress(GtsError), Catalogue(self._workspace.catalogue, read_only=True) as catalogue:
            known = {study.name: f"{study.figure} {study.technique}, {study.trials} trials" for study in catalogue.studies()}
        return [(name, known.get(name, "")) for name in self._workspace.study_names()]

    def checkpoint(self, path: str) -> str:
        """The newest score of a checkpoint that the catalogue knows by its path; else empty."""
        if not path.endswith(".checkpoint"):
            return ""
        stamp = changed(self._workspace.catalogue)
        kept = self._read.get("scores")
        if kept is None or kept[0] != stamp:
            kept = self._read["scores"] = (stamp, self._scores())
        scores: Mapping[str, float] = kept[1]  # type: ignore[assignment]
        return f"score {scores[path]:.0f}" if path in scores else ""

    def _scores(self) -> dict[str, float]:
        from gts.store.catalogue import Catalogue

        with suppress(GtsError), Catalogue(self._workspace.catalogue, read_only=True) as catalogue:
            return {one.path: one.score for one in reversed(catalogue.best_scores(limit=_MOST_SCORES)) if one.score is not None}
        return {}

    def parameters(self, source: str) -> Mapping[str, Parameter]:
        """The parameters of a spec or checkpoint by key; those of everything where it cannot be read."""
        path = self._workspace.root / source
        kept = self._read.get(source)
        stamp = changed(path)
        if kept is None or kept[0] != stamp:
            kept = self._read[source] = (stamp, self._parameters(source))
        return kept[1]  # type: ignore[return-value]

    def _parameters(self, source: str) -> Mapping[str, Parameter]:
        from gts.commands.command import Context
        from gts.commands.resolve import locate
        from gts.formats.checkpoint import read_header
        from gts.formats.spec_file import read_spec

        with suppress(GtsError, OSError, ValueError):
            path = locate(Context(self._workspace), source)
            if path.is_file():
                spec = read_header(path).spec if path.suffix == ".checkpoint" else read_spec(path)
                return _of(spec.figure, spec.technique)
        return _all()


@lru_cache(maxsize=64)
def _of(figure: str, technique: str) -> Mapping[str, Parameter]:
    from gts.params.spec import parameters

    return {one.key: one for one in parameters(figure, technique)}


@lru_cache(maxsize=1)
def _all() -> Mapping[str, Parameter]:
    from gts.params.figures import FIGURES
    from gts.params.techniques import TECHNIQUES

    found: dict[str, Parameter] = {}
    for figure in FIGURES:
        for technique in TECHNIQUES:
            found = {**_of(figure, technique), **found}
    return found
