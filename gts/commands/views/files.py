"""How the results of `init`, `new`, `check`, `import` and `export` look.

How the results of `info` look.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.text import Text

from gts.commands.check import Checked
from gts.commands.export import Exported, ExportedMotion, ExportedPolicy
from gts.commands.files import Copied, Deleted, Renamed, Restored, TrashShown
from gts.commands.import_legacy import Imported
from gts.commands.info import CheckpointInfo, MemberInfo, RunInfo, SpaceInfo, SpecInfo, StudyInfo, Value
from gts.commands.init import Initialised
from gts.commands.new import MadeFile
from gts.commands.views.charts import learning_curve
from gts.commands.views.formatting import duration, exact, grid, heading, line, moment, number, pairs, plain, size, whole
from gts.commands.views.jobs import best_trials, process
from gts.commands.views.scores import score_line
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


_CURVE = "learning curve: mean return of the evaluations"


def spec(info: SpecInfo, detail: bool) -> RenderableType:
    """A spec: every parameter, with what differs from its default."""
    rows: list[RenderableType] = [line(f"{info.path}: {info.figure}, {info.technique}", "bold"), *_comment(info.comment)]
    rows += [plain(problem.at(info.path), style="yellow") for problem in info.warnings]
    return Group(*rows, *_values(info.values, detail))


def space(info: SpaceInfo, detail: bool) -> RenderableType:
    """A space: what is searched, and what stays."""
    rows: list[RenderableType] = [
        line(f"{info.path}: {info.name}, {info.figure}, {info.technique}", "bold"),
        *_comment(info.comment),
        heading("searched"),
        pairs((key, _domain(domain)) for key, domain in info.axes.items()),
        heading("fixed"),
        pairs((key, exact(value)) for key, value in info.fixed.items()),
    ]
    return Group(*rows, *(plain(problem.at(info.path), style="yellow") for problem in info.warnings))


def checkpoint(info: CheckpointInfo, detail: bool) -> RenderableType:
    """A checkpoint: networks, score, curve, parameters, history, versions."""
    rows: list[RenderableType] = [line(f"{info.path}: {info.figure}, {info.technique}", "bold"), *_comment(info.comment)]
    rows.append(plain(score_line(info.score)) if info.score else line("no score yet"))
    rows += [heading("networks"), _networks(info.networks)]
    curve = learning_curve(info.history)
    if curve is not None:
        rows += [heading(_CURVE), curve]
    rows += _values(info.values, detail)
    trained = [f"{whole(info.counters['step'])} steps" if "step" in info.counters else ""]
    trained += [f"{whole(info.counters['epoch'])} epochs" if "epoch" in info.counters else ""]
    history = [*(_parent(parent) for parent in info.parents), ", ".join(filter(None, trained)) or "no steps of its own"]
    rows += [heading("history"), pairs([("trained", " → ".join(history))])]
    versions = ", ".join(f"{name} {version}" for name, version in info.versions.items())
    rows.append(pairs([("made with", versions), ("file", f"{size(info.size)}, checksum {info.checksum[:12]}")]))
    return Group(*rows)


def run(info: RunInfo, detail: bool) -> RenderableType:
    """A run: how it stands, its curves and newest numbers."""
    facts = info.facts
    total = facts.get("total_steps", 0)
    job = info.job
    state = job.state if job else "unknown"
    rows: list[RenderableType] = [line(str(info.path), "bold")]
    rows.append(
        pairs(
            [
                ("trains", f"{facts.get('source', '')}: {facts.get('figure', '')}, {facts.get('technique', '')}"),
                ("state", f"{state}, {whole(info.step)} of {whole(total)} steps in {duration(info.seconds)}"),
                ("reason", job.reason if job else ""),
                ("process", process(job) if job else ""),
                ("attempts", f"{info.attempts} at this step" if info.attempts > 1 else ""),
                ("started", moment(str(facts.get("started", "")))),
                ("ended", moment(job.since) if job and not job.alive else ""),
                ("results", ", ".join(one["result"] for one in facts.get("outcome", []) if one.get("result"))),
            ]
        )
    )
    for member in info.members:
        rows += _member(info, member, detail)
    if info.checkpoints:
        rows += [heading("checkpoints"), *(line(f"  {name}") for name in info.checkpoints)]
    if info.remains:
        rows += [heading("left by members that failed"), *(line(f"  {name}") for name in info.remains)]
    return Group(*rows, *(plain(note, style="yellow") for note in info.notes))


def study(info: StudyInfo, detail: bool) -> RenderableType:
    """A study: what it searches, how it stands, its best trials."""
    job, found = info.job, info.found
    trials = ", ".join(f"{count} {state}" for state, count in found.counts.items()) if found else ""
    what = [
        ("searches", f"{info.figure}, {info.technique}: {', '.join(info.axes)}" if info.figure else ""),
        ("trials", f"{trials or 'none'}, {found.wanted} wanted" if found else ""),
        ("state", f"{job.state}{f': {job.reason}' if job.reason else ''}" if job else ""),
        ("process", process(job) if job else ""),
        ("storage", found.storage if found else ""),
    ]
    best = [heading("best"), *best_trials(found)] if found and found.best else []
    rows: list[RenderableType] = [line(info.path, "bold"), pairs(what), *best]
    return Group(*rows, *(plain(note, style="yellow") for note in info.notes))


def _member(info: RunInfo, member: MemberInfo, detail: bool) -> list[RenderableType]:
    rows: list[RenderableType] = [heading(f"member {member.member + 1}")] if len(info.members) > 1 else []
    outcomes = info.facts.get("outcome", [])
    if member.member < len(outcomes) and outcomes[member.member].get("score"):
        rows.append(plain(score_line(outcomes[member.member]["score"])))
    if member.failed:
        rows.append(plain(f"failed at {member.failed}", style="red"))
    # One curve tells how a run goes; eight of them tell it less well than the numbers beside them.
    curve = learning_curve(member.history) if len(info.members) == 1 or detail else None
    if curve is not None:
        rows += [heading(_CURVE), curve]
    if member.latest:
        rows.append(plain(", ".join(f"{name} {number(value)}" for name, value in member.latest.items())))
    return rows


def _networks(networks: Sequence[Mapping[str, Any]]) -> RenderableType:
    table = grid("network", "sizes", "activation", "deviation", ">parameters")
    for one in networks:
        sizes = "–".join(map(str, one["sizes"]))
        table.add_row(one["name"], sizes, one["activation"], one["deviation"] or "", whole(one["parameters"]))
    return table


def _values(values: Sequence[Value], detail: bool) -> list[RenderableType]:
    """The parameters that differ from their defaults, then the others; with their meanings where there is room for all."""
    changed = [value for value in values if value.changed]
    others = [value for value in values if not value.changed]
    rows: list[RenderableType] = []
    if changed:
        table = grid("parameter", "value", "default", "meaning" if detail else "unit")
        for value in changed:
            last = value.meaning if detail else value.unit
            table.add_row(plain(value.key), plain(exact(value.value), style="bold"), exact(value.default), last)
        rows += [heading("differs from the defaults"), table]
    if others and detail:
        table = grid("parameter", "value", "meaning")
        for value in others:
            table.add_row(plain(value.key), exact(value.value), value.meaning)
        rows += [heading("as by default"), table]
    elif others:
        listed = [plain(f"{value.key} {exact(value.value)}", style="dim") for value in others]
        rows += [heading("as by default"), Columns(listed, padding=(0, 3), column_first=True)]
    return rows


def _comment(comment: str) -> list[RenderableType]:
    return [plain(comment, style="italic")] if comment else []


def _domain(domain: Any) -> str:
    if isinstance(domain, Mapping):
        return ", ".join(f"{key} {exact(value)}" for key, value in domain.items())
    return ", ".join(map(exact, domain)) if isinstance(domain, (list, tuple)) else exact(domain)


def _parent(parent: Mapping[str, Any]) -> str:
    steps = f" ({whole(parent['step'])} steps)" if parent.get("step") else ""
    return f"{parent.get('name', 'unnamed')}{steps}"
