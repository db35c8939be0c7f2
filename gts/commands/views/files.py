"""How the results of `init`, `new`, `check`, `import` and `export` look."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from gts.commands.check import Checked
from gts.commands.copy import Copied
from gts.commands.export import Exported
from gts.commands.export_figure import ExportedMotion, ExportedPolicy
from gts.commands.files import Deleted
from gts.commands.import_legacy import Imported
from gts.commands.init import Initialised
from gts.commands.new import MadeFile
from gts.commands.rename import Renamed
from gts.commands.restore import Restored, TrashShown
from gts.commands.views.formatting import grid, line, moment, plain, whole
from gts.errors import Problem


def initialised(result: Initialised, detail: bool) -> RenderableType:
    """A workspace that was made."""
    laid, stay = len(result.made), len(result.kept)
    were = "was there already and stays" if stay == 1 else "were there already and stay"
    kept = f", {stay} {were} as before" if stay else ""
    rows: list[RenderableType] = [line(f"{laid} file{'' if laid == 1 else 's'} laid into {result.root}{kept}")]
    rows += [line(f"  {name}", "dim") for name in result.made]
    specs = [name for name in (*result.made, *result.kept) if name.endswith(".spec")]
    if specs:
        first = next((name for name in specs if "invertedPPO" in name), specs[0])
        where = "" if result.root == "." else f"cd {result.root} && "
        rows.append(line(f"next: {where}gts train {first}"))
    return Group(*rows)


def made(result: MadeFile, detail: bool) -> RenderableType:
    """A file that was made."""
    next_step = f"gts train {result.path}" if result.kind == "spec" else f"gts check {result.path}"
    what = f"a {result.kind} of a {result.figure} that learns by {result.technique}"
    return Group(line(f"{result.path}: {what}"), line(f"next: {next_step}"))


def checked(result: Checked, detail: bool) -> RenderableType:
    """What is wrong with files, a line each."""
    rows: list[Text] = []
    for file in result.files:
        rows += [line(_error(file.path, problem)) for problem in file.errors]
        rows += [line(_warning(file.path, problem.line, problem.column, problem.message)) for problem in file.warnings]
        if not file.errors:
            rows.append(line(f"{file.path}: good", "green"))
        elif file.hint and len(result.files) == 1:
            rows.append(line(f"hint: {file.hint}"))
    return Group(*rows)


def _error(path: str, problem: Problem) -> str:
    """An error with its place; where a file could not be read at all, the message names it already."""
    return problem.message if not problem.line and path in problem.message else problem.at(path)


def _warning(path: str, row: int, column: int, message: str) -> str:
    place = f"{path}:{row}:{column}" if row else path
    return f"{place}: warning: {message}"


def copied(result: Copied, detail: bool) -> RenderableType:
    """A file that is there twice now."""
    return line(f"{result.path}: a copy of {result.source}")


def renamed(result: Renamed, detail: bool) -> RenderableType:
    """A file that has another name now."""
    return line(f"{result.path}: was {result.source}")


def deleted(result: Deleted, detail: bool) -> RenderableType:
    """What is in the trash now."""
    rows = [line(f"{thing.path} is in the trash") for thing in result.things]
    return Group(*rows, line("next: gts restore brings it back" if len(rows) == 1 else "next: gts restore brings them back"))


def restored(result: Restored, detail: bool) -> RenderableType:
    """What is where it was again."""
    return Group(*(line(f"{thing.path} is back") for thing in result.things))


def trash(result: TrashShown, detail: bool) -> RenderableType:
    """What is in the trash."""
    if not result.things:
        return line("the trash is empty")
    table = grid("deleted", "kind", "was", "name in the trash")
    for thing in result.things:
        table.add_row(moment(thing.deleted), thing.kind, plain(thing.path), plain(thing.name))
    return Group(table, line(f"next: gts restore NAME; to be rid of all: rm -r {result.trash}", "dim"))


def imported(result: Imported, detail: bool) -> RenderableType:
    """A checkpoint in today's format."""
    networks = ", ".join(f"{one['name']} {'–'.join(map(str, one['sizes']))}" for one in result.networks)
    return Group(
        line(f"{result.path}: {result.figure}, {result.technique}, {networks}"),
        line(f"next: gts score {result.path}"),
    )


def exported(result: Exported, detail: bool) -> RenderableType:
    """A file of numbers."""
    return line(f"{result.path}: {whole(result.rows)} rows of {', '.join(result.columns[:6])}{_more(len(result.columns) - 6)}")


def exported_policy(result: ExportedPolicy, detail: bool) -> RenderableType:
    """A policy for other programs."""
    what = f"the policy of a {result.figure}, {result.observations} observations to {result.actions} actions"
    return line(f"{result.path}: {what}")


def exported_motion(result: ExportedMotion, detail: bool) -> RenderableType:
    """A motion for other programs."""
    ends = ", until it falls" if result.fallen else ""
    frames = f"{whole(result.frames)} frames, {result.fps:.4g} a second"
    return line(f"{result.path}: {result.seconds:.4g} s of a {result.figure}{ends}, {frames}")


def _more(count: int) -> str:
    return f" and {count} more" if count > 0 else ""
