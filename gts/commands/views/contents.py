"""How the results of `info` look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.columns import Columns
from rich.console import Group, RenderableType

from gts.commands.info import CheckpointInfo, MemberInfo, RunInfo, SpaceInfo, SpecInfo, StudyInfo, Value
from gts.commands.views.charts import learning_curve
from gts.commands.views.formatting import duration, exact, grid, heading, line, moment, number, pairs, plain, size, whole
from gts.commands.views.jobs import process
from gts.commands.views.scores import score_line
from gts.commands.views.searches import best_trials

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
