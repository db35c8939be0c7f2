"""The page about one thing, as lines of text.

The pane beside the tree: a page about the thing under the cursor, read anew whenever it changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.style import Style
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from gts.commands.info import CheckpointInfo, SpaceInfo, SpecInfo, Value
from gts.commands.views.formatting import clock, duration, exact, moment, number, plain, short, size, whole
from gts.errors import FormatError, GtsError
from gts.store.workspace import Workspace
from gts_tui.polling import Watch
from gts_tui.screens.workspace.details_data import JobSeen, RunSeen, StudySeen, see, seen_stamp
from gts_tui.screens.workspace.model import Thing
from gts_tui.screens.workspace.tree import key_of
from gts_tui.widgets.chart_canvas import bars
from gts_tui.widgets.status import Looks

if TYPE_CHECKING:
    from gts_tui.screens.workspace.details_data import Seen


_CURVE_ROWS = 5
_BAR = 20
_FIRST = ("return", "length", "speed", "falls", "entropy", "kl", "explained_variance", "steps_per_second")
"""The numbers that one looks at first."""


def page(thing: Thing, seen: Seen | GtsError, looks: Looks, width: int) -> Text:
    """What there is to say of a thing in lines of at most `width` columns, where words are short enough."""
    head = plain(thing.word, "bold")
    if isinstance(seen, GtsError):
        lines = [head, *_error(seen, thing, looks)]
    elif isinstance(seen, SpecInfo):
        lines = [head, *_spec(seen, looks)]
    elif isinstance(seen, SpaceInfo):
        lines = [head, *_space(seen, looks)]
    elif isinstance(seen, CheckpointInfo):
        lines = [head, *_checkpoint(seen, looks, width)]
    elif isinstance(seen, RunSeen):
        lines = [head, *_run(seen, looks, width)]
    else:
        lines = [head, *_study(seen, looks)]
    return looks.shown(Text("\n").join(lines))


def _error(error: GtsError, thing: Thing, looks: Looks) -> list[Text]:
    bad = looks.colours.get("bad", Style())
    said = [Text.assemble((f"{looks.sign('failed')} ", bad), "cannot be used as it is")]
    if isinstance(error, FormatError):
        said += [plain(problem.at(thing.word.rpartition("/")[2])) for problem in error.problems]
    else:
        said.append(plain(error.message))
    return said + ([plain(f"hint: {error.hint}", "dim")] if error.hint else [])


def _spec(info: SpecInfo, looks: Looks) -> list[Text]:
    return [
        _kind("spec", info.figure, info.technique),
        *_comment(info.comment),
        *(plain(f"{looks.sign('interrupted')} {problem.message}") for problem in info.warnings),
        *_values(info.values),
    ]


def _space(info: SpaceInfo, looks: Looks) -> list[Text]:
    return [
        _kind("space", info.figure, info.technique),
        plain(f"makes the study {info.name}"),
        *_comment(info.comment),
        *(plain(f"{looks.sign('interrupted')} {problem.message}") for problem in info.warnings),
        _heading("searched"),
        *_pairs((key, _domain(domain)) for key, domain in info.axes.items()),
        _heading("fixed"),
        *_pairs((key, exact(value)) for key, value in info.fixed.items()),
    ]


def _checkpoint(info: CheckpointInfo, looks: Looks, width: int) -> list[Text]:
    lines = [_kind("checkpoint", info.figure, info.technique)]
    score = info.score
    if score:
        lines += _pairs([("score", f"{number(score.get('score'))} over {score.get('episodes', '?')} episodes")])
        lines += _pairs([("mean", f"{number(score.get('mean'))} ± {number(score.get('deviation'))}")])
    else:
        lines.append(Text("no score yet: gts score takes one", "dim"))
    lines += _comment(info.comment)
    lines += _curve("mean return", [row.get("mean") for row in info.history], looks, width)
    lines.append(_heading("networks"))
    networks = ((str(one["name"]), f"{'-'.join(map(str, one['sizes']))} {one['activation']}") for one in info.networks)
    lines += _pairs(networks)
    lines += _values(info.values)
    trained = f"{whole(info.counters['step'])} steps" if "step" in info.counters else ""
    before = ", ".join(str(parent.get("name", "unnamed")) for parent in info.parents)
    lines.append(_heading("file"))
    lines += _pairs([("trained", trained), ("from", before), ("size", size(info.size)), ("checksum", info.checksum[:12])])
    return lines


def _run(seen: RunSeen, looks: Looks, width: int) -> list[Text]:
    job = seen.job
    lines = [_kind("run", job.figure, job.technique, f"of {seen.members}" if seen.members > 1 else ""), _state(job, looks)]
    if seen.total_steps:
        share = min(1.0, seen.step / seen.total_steps)
        filled = round(share * _BAR)
        bar = looks.glyphs.bar * filled, looks.glyphs.horizontal * (_BAR - filled)
        lines.append(Text.assemble((bar[0], looks.style(job.state)), (bar[1], "dim"), f" {share:.0%}"))
    left = (seen.total_steps - seen.step) * seen.members / seen.rate if seen.rate and job.alive else None
    lines += _pairs(
        [
            ("trains", seen.source),
            ("steps", f"{whole(seen.step)} of {whole(seen.total_steps)}"),
            ("time", duration(seen.seconds) + (f", {clock(left)} left" if left is not None and left < 1e7 else "")),
            ("rate", f"{short(seen.rate)} steps/s" if seen.rate and job.alive else ""),
            ("best", number(seen.best) if seen.best is not None else ""),
            ("results", ", ".join(seen.results)),
        ]
    )
    lines += _curve("return", seen.returns, looks, width)
    lines += _curve("evaluations", [mean for _, mean in seen.evaluations], looks, width)
    if seen.latest:
        lines.append(_heading("newest numbers"))
        others = sorted(name for name in seen.latest if name not in _FIRST)
        lines += _pairs((name, number(seen.latest[name])) for name in (*_FIRST, *others) if name in seen.latest)
    bad = looks.colours.get("bad", Style())
    lines += [Text.assemble((f"{looks.sign('failed')} ", bad), plain(text)) for text in seen.failures]
    return lines + [plain(note, "dim") for note in seen.notes]


def _study(seen: StudySeen, looks: Looks) -> list[Text]:
    lines = [_kind("study", seen.job.figure, seen.job.technique), _state(seen.job, looks)]
    if seen.ended is not None:
        trials = f"{seen.ended} of {seen.wanted} ended"
        worth = number(seen.best) if seen.best is not None else "none is complete"
        lines += _pairs([("trials", trials), ("best", worth), ("steps", short(seen.steps) if seen.steps else "")])
    lines += [_heading("searched"), *_pairs((key, _domain(domain)) for key, domain in seen.searched)] if seen.searched else []
    return lines + [plain(note, "dim") for note in seen.notes]


def _state(job: JobSeen, looks: Looks) -> Text:
    since = f" since {moment(job.since)}" if job.since else ""
    why = f": {job.reason}" if job.reason and job.reason != "stopped" else ""
    return Text.assemble((f"{looks.sign(job.state)} {job.state or 'unknown'}", looks.style(job.state)), plain(f"{since}{why}"))


def _kind(kind: str, figure: str, technique: str, more: str = "") -> Text:
    return plain(", ".join(filter(None, [f"{kind} {more}".strip(), figure, technique])), "dim")


def _comment(comment: str) -> list[Text]:
    return [plain(comment, "italic")] if comment else []


def _values(values: Sequence[Value]) -> list[Text]:
    changed = [value for value in values if value.changed]
    if not changed:
        return [Text(), Text("all as by default", "dim")]
    long = max(len(value.key) for value in changed)
    lines = [_heading("differs from the defaults")]
    for value in changed:
        given = (exact(value.value), "bold")
        lines.append(Text.assemble((f"{value.key:{long}}  ", "dim"), given, (f"  not {exact(value.default)}", "dim")))
    return lines


def _curve(title: str, values: Sequence[Any], looks: Looks, width: int) -> list[Text]:
    known = [float(value) for value in values if isinstance(value, (int, float)) and abs(value) < 1e300]
    if len(known) < 2:
        return []
    drawn = bars(known, max(10, width), _CURVE_ROWS, looks.glyphs)
    span = f"  {short(known[0])} → {short(known[-1])}, highest {short(max(known))}"
    return [_heading(title).append(span, "not bold dim"), *(Text(row, looks.style("running")) for row in drawn)]


def _heading(text: str) -> Text:
    return Text(f"\n{text}", "bold")


def _pairs(rows: Iterable[tuple[str, str]]) -> list[Text]:
    """Names and what they are, a line each; what is empty is left out."""
    shown = [(name, value) for name, value in rows if value]
    long = min(28, max((len(name) for name, _ in shown), default=0))
    return [Text.assemble((f"{plain(name).plain:{long}}  ", "dim"), plain(value)) for name, value in shown]


def _domain(domain: Any) -> str:
    if isinstance(domain, Mapping):
        low, high, rest = domain.get("min"), domain.get("max"), {k: v for k, v in domain.items() if k not in ("min", "max")}
        more = "".join(f", {key}" if value is True else f", {key} {exact(value)}" for key, value in rest.items())
        return f"{exact(low)} to {exact(high)}{more}"
    return ", ".join(map(exact, domain)) if isinstance(domain, (list, tuple)) else exact(domain)


_KEY = "workspace.page"


class PagePane(VerticalScroll):
    """Shows a page."""

    DEFAULT_CSS = """
    PagePane { border-left: solid $panel; padding: 0 1; background: $surface; scrollbar-size-vertical: 1; }
    PagePane:focus { border-left: solid $primary; }
    PagePane.-ascii { border-left: ascii $panel; }
    PagePane.-ascii:focus { border-left: ascii $primary; }
    """

    def __init__(self, looks: Looks) -> None:
        super().__init__(classes="-ascii" if looks.ascii else "")
        self.looks = looks
        self._thing: Thing | None = None
        self._shown: tuple[Thing, Seen | GtsError] | None = None
        self._drawn: Text | None = None

    def compose(self) -> ComposeResult:
        """A text."""
        yield Static()

    def look_at(self, thing: Thing | None, workspace: Workspace, watcher: Watch) -> None:
        """Show a thing, and follow it."""
        before, self._thing = self._thing, thing
        if thing is None:
            watcher.forget(_KEY)
            self._shown = None
            self.draw()
        elif before is None or key_of(before) != key_of(thing):

            def tell(seen: Seen | GtsError) -> None:
                fresh = self._shown is None or key_of(self._shown[0]) != key_of(thing)
                self._shown = (thing, seen)
                self.draw()
                if fresh:
                    self.scroll_home(animate=False)

            watcher.follow(_KEY, lambda: seen_stamp(workspace, thing), lambda: see(workspace, thing), tell)

    def look_away(self, watcher: Watch) -> None:
        """Follow nothing."""
        watcher.forget(_KEY)
        self._thing = None

    def draw(self) -> None:
        """Show the page, where it says something else than before."""
        text = self._page()
        if text != self._drawn or (self._drawn is not None and text.spans != self._drawn.spans):
            self._drawn = text
            self.query_one(Static).update(text)

    def _page(self) -> Text:
        if self._shown is None:
            return Text()
        # What it leans on is loaded when there is something to say, which is after the first picture.

        return page(*self._shown, self.looks, max(10, self.size.width - 3))

    def on_resize(self) -> None:
        """Curves have another width."""
        self.draw()
