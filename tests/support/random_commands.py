"""Command lines as chance has them: real commands, real options, and words that may be anything."""

from __future__ import annotations

import random
from pathlib import Path

from gts.commands.command import Argument, Option
from gts.commands.registry import COMMANDS
from gts.params.figures import FIGURES
from gts.params.techniques import TECHNIQUES
from gts_tui.command_syntax import ALIASES, BUILTINS, MODES, quote_words
from tests.support.hostile_workspace import NAMES

_NEVER = {"service", "bench", "workers", "worker", "init"}
"""What reaches beyond a workspace, or takes all of the machine."""
_SELDOM = {"train", "search", "score", "play", "export", "doctor", "import", "resume"}
"""What starts processes that load much."""
_ODD = (
    "@sel",
    "@last",
    "@best",
    "*",
    "odd/*",
    "[a-",
    "**/x?",
    "",
    "-",
    "--",
    "a=b",
    "nSteps=4096",
    "=",
    "%s",
    "1e999",
    "-1",
    "\\",
)


def random_line(draw: random.Random, root: Path) -> str:
    """A line; the paths in it lead nowhere else than into the workspace."""
    line = draw.choice(["; ", ";", " ;; "]).join(_order(draw, root) for _ in range(draw.choice([1, 1, 1, 2, 3])))
    chance = draw.random()
    if chance < 0.05:
        return line + draw.choice(["'", '"', "\\", ";", " '@sel"])
    if chance < 0.1:
        at = draw.randrange(len(line) + 1)
        return line[:at] + draw.choice("[]'\"\\é🤖‮\t") + line[at:]
    return line


def _order(draw: random.Random, root: Path) -> str:
    light = [name for name in COMMANDS if name not in _NEVER | _SELDOM]
    chance = draw.random()
    if chance < 0.04:
        name = draw.choice(sorted(_SELDOM))
    elif chance < 0.55:
        name = draw.choice(light)
    elif chance < 0.95:
        name = draw.choice(sorted(BUILTINS))
    else:
        return draw.choice(
            [draw.choice(NAMES), "gts", "gts help", draw.choice(sorted(ALIASES)), "help " + draw.choice(list(COMMANDS))]
        )
    words = [name]
    if name in BUILTINS:
        words += [_value(draw, root, BUILTINS[name].completion) for _ in range(draw.choice([0, 1, 1, 1, 2]))]
    else:
        command = COMMANDS[name]
        for argument in command.arguments:
            if argument.required or draw.random() < 0.5:
                words += [_of(draw, root, argument) for _ in range(draw.randint(1, 3) if argument.multiple else 1)]
        for option in draw.sample(command.options, min(len(command.options), draw.choice([0, 0, 1, 2]))):
            words += [draw.choice(option.flags), *([_of(draw, root, option)] if option.type != "flag" else [])]
    if name == "train":
        words += ["nSteps=4096", "nEpochs=2", "nEnvironments=4"]
    if draw.random() < 0.1:
        words.insert(draw.randrange(1, len(words) + 1), draw.choice(_ODD))
    # Without quotes as well: what that means is for the program to say.
    return quote_words(words) if draw.random() < 0.8 else " ".join(words)


def _of(draw: random.Random, root: Path, one: Argument | Option) -> str:
    if draw.random() < 0.08:
        return draw.choice(_ODD)
    if one.choices:
        return draw.choice(one.choices)
    if one.type == "integer":
        return str(draw.choice([0, 1, 2, 5, -1, 10**12]))
    if one.type == "number":
        return draw.choice(["0", "0.5", "1", "nan", "inf", "1e400"])
    return _value(draw, root, one.completion)


def _value(draw: random.Random, root: Path, takes: str) -> str:
    fixed = {
        "mode": MODES,
        "theme": ("dark", "light", "mine", "monochrome", "none"),
        "command": tuple(COMMANDS),
        "figure": tuple(FIGURES),
        "technique": tuple(TECHNIQUES),
        "parameter": ("nSteps=4096", "seed=2", "x=y", "actor.learningRate=nan", "discountFactor=2"),
    }
    if takes in fixed:
        return draw.choice(fixed[takes])
    if draw.random() < 0.15:
        return draw.choice(_ODD)
    if takes in ("run", "job") or (takes == "reference" and draw.random() < 0.4):
        found = _names(root / "runs")
    elif takes == "study":
        found = _names(root / "studies")
    else:
        ending = {"spec": ".spec", "space": ".space", "checkpoint": ".checkpoint"}.get(takes, "")
        found = sorted(
            str(path.relative_to(root)) for path in root.glob(f"*/*{ending}") if path.parent.name not in ("runs", "studies")
        )
        found = [*found, *(f"made/{number}{ending or '.spec'}" for number in range(3))]
    return draw.choice(found) if found else "x"


def _names(folder: Path) -> list[str]:
    try:
        return sorted(path.name for path in folder.iterdir())
    except OSError:
        return []
