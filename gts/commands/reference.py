"""Generates the reference pages from the declarations: `python -m gts.commands.reference [PAGE…] [--check]`.

Text between `<!-- name -->` and `<!-- /name -->` is replaced. With `--check` nothing is written, and the exit code is 1 if a
page is out of date.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from gts.commands.command import GROUP_TITLES, Command, Option
from gts.commands.registry import COMMANDS
from gts.errors import GtsError, UsageError
from gts.params.declaration import Parameter

PAGES = ("README.md", "gts/commands/README.md", "gts/params/README.md", "gts/training/README.md")
"""Pages with generated blocks, relative to the root of the repository."""


def summary_block() -> str:
    """Write a table of all commands with links into the reference."""
    page = "gts/commands/README.md"
    rows = [
        (title, ", ".join(f"[{one.name}]({page}#gts-{one.name})" for one in COMMANDS.values() if one.group == group))
        for group, title in GROUP_TITLES.items()
    ]
    return _table(("for", "commands"), rows)


def commands_block() -> str:
    """Write the section of every command: summary, usage, arguments, options, examples."""
    return "\n\n".join(_command(command) for command in COMMANDS.values())


def parameters_block() -> str:
    """Write the parameters that all techniques share, then those of each technique."""
    from gts.params.declaration import model_parameters
    from gts.params.techniques import TECHNIQUES

    each = {technique: tuple(model_parameters(model)) for technique, model in TECHNIQUES.items()}
    lists = list(each.values())
    shared = [one for one in lists[0] if all(one in others for others in lists)]
    parts = [f"## Of every technique\n\n{_parameters(shared)}"]
    for technique, own in each.items():
        parts.append(f"## {technique}\n\n{_parameters([one for one in own if one not in shared])}")
    return "\n\n".join(parts)


def rewards_block() -> str:
    """Write the reward parameters of every figure."""
    from gts.params.figures import FIGURES

    parts = []
    for figure in FIGURES.values():
        parts.append(
            f"## {figure.name}: {figure.title}\n\n`{figure.gymnasium_id}`\n\n{_parameters(tuple(figure.parameters()))}"
        )
    return "\n\n".join(parts)


def metrics_block() -> str:
    """Write the metrics of trainings."""
    from gts.training.metrics import METRICS

    rows = [(f"`{name}`", metric.formula, metric.unit or "–", metric.description) for name, metric in METRICS.items()]
    return _table(("metric", "formula", "unit", "meaning"), rows)


def measures_block() -> str:
    """Write the measures of test episodes, with the figures that have each."""
    from gts.params.figures import FIGURES
    from gts.physics.figures import get_figure

    found: dict[tuple[str, str, str], list[str]] = {}
    for name in FIGURES:
        for measure in get_figure(name).measures:
            found.setdefault((measure.name, measure.unit, measure.description), []).append(name)
    rows = [
        (f"`{name}`", unit or "–", meaning, "all" if len(figures) == len(FIGURES) else ", ".join(figures))
        for (name, unit, meaning), figures in found.items()
    ]
    return _table(("measure", "unit", "meaning", "of"), rows)


BLOCKS: Mapping[str, Callable[[], str]] = {
    "summary": summary_block,
    "commands": commands_block,
    "parameters": parameters_block,
    "rewards": rewards_block,
    "metrics": metrics_block,
    "measures": measures_block,
}
"""Functions that write each block, by name of the block."""


def update_blocks(text: str) -> str:
    """Replace every block of a page; raises UsageError for unbalanced markers."""
    for name, write in BLOCKS.items():
        begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
        if begin not in text:
            continue
        if text.count(begin) != 1 or text.count(end) != 1 or text.index(end) < text.index(begin):
            raise UsageError(f"the markers of the block `{name}` must each occur once, the opening one first")
        before, after = text[: text.index(begin)], text[text.index(end) :]
        text = f"{before}{begin}\n\n{write()}\n\n{after}"
    return text


def main(words: Sequence[str]) -> int:
    """Update or check the named pages, by default all of them; returns the exit code."""
    names = [word for word in words if not word.startswith("-")]
    return max(_update_page(Path(name), check="--check" in words) for name in names or PAGES)


def _update_page(path: Path, *, check: bool) -> int:
    try:
        old = path.read_text(encoding="utf-8")
        new = update_blocks(old)
    except (OSError, GtsError) as error:
        print(f"error: {path}: {error}", file=sys.stderr)
        return 2
    if old == new:
        return 0
    if check:
        print(f"error: {path} is not up to date\n\nhint: python -m gts.commands.reference {path}", file=sys.stderr)
        return 1
    path.write_text(new, encoding="utf-8")
    return 0


def _command(command: Command) -> str:
    words = [
        f"[{one.display_metavar}]" if not one.required else f"{one.display_metavar}{'…' if one.multiple else ''}"
        for one in command.arguments
    ]
    usage = " ".join(["gts", command.name, *words, *(["[OPTIONS]"] if command.options or command.threads else [])])
    parts = [f"## gts {command.name}", f"{command.summary} {command.help}".strip(), f"    {usage}"]
    rows = [(f"`{one.display_metavar}`", one.help) for one in command.arguments]
    rows += [(f"`{_spelling(option)}`", _option(option)) for option in command.options]
    if command.threads:
        rows.append(("`--threads N`", "CPUs to use; default: all that this process may use."))
    if rows:
        parts.append(_table(("argument or option", "meaning"), rows))
    if command.examples:
        parts.append("For example:\n\n" + "\n".join(f"    {example}" for example in command.examples))
    return "\n\n".join(parts)


def _spelling(option: Option) -> str:
    return f"{', '.join(option.flags)} {option.display_metavar}".strip()


def _option(option: Option) -> str:
    default = "" if option.default in (None, False) else f" Default: {option.default}."
    return option.help + default


def _parameters(declared: Sequence[Parameter]) -> str:
    rows = [(f"`{one.key}`", _value(one.default), one.allowed, one.unit or "–", one.description) for one in declared]
    return _table(("parameter", "default", "allowed", "unit", "meaning"), rows)


def _value(value: object) -> str:
    return f"`{str(value).lower()}`" if isinstance(value, bool) else f"`{value}`"


def _cell(text: str) -> str:
    """Escape `|` everywhere and `<` outside code, which would break a table cell."""
    parts = text.replace("|", "\\|").split("`")
    return "`".join(part if place % 2 else part.replace("<", "&lt;") for place, part in enumerate(parts))


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
