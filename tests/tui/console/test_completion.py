"""Completion: the word under the cursor alone, from the table of commands, with what each candidate means."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from gts.store.workspace import Workspace
from gts_tui.console.completion import Completer, Completions
from tests.support.sample_workspace import furnish

RUN = "20261120-013000-hopperPPO-w9c"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return furnish(tmp_path_factory.mktemp("evening") / "w")


@pytest.fixture(scope="module")
def completer(workspace: Workspace) -> Completer:
    return Completer(workspace, lambda: ["dark", "light"])


def offered(completer: Completer, line: str) -> list[str]:
    """Return the candidates at the `|` of a line."""
    return [one.text for one in at(completer, line).candidates]


def at(completer: Completer, line: str) -> Completions:
    cursor = line.index("|")
    return completer.complete(line.replace("|", ""), cursor)


def help_of(completer: Completer, line: str, text: str) -> str:
    return next(one.help for one in at(completer, line).candidates if one.text == text)


def test_commands_and_builtins_have_descriptions(completer: Completer) -> None:
    assert offered(completer, "tr|")[:2] == ["train", "trials"]
    assert help_of(completer, "sco|", "score") == "Score checkpoints over test episodes."
    assert offered(completer, "mou|") == ["mouse"]
    assert offered(completer, "stop x; mou|") == ["mouse"]
    assert offered(completer, "!mou|") == []


def test_options_and_their_values(completer: Completer) -> None:
    assert "--episodes" in offered(completer, "score x -|")
    assert "-s" in help_of(completer, "train x --ste|", "--steps")
    assert offered(completer, "train x --keep |") == ["best", "last"]
    assert offered(completer, "train x --keep=l|") == ["--keep=last"]
    assert at(completer, "train x --steps |").description.startswith("STEPS: ")


def test_candidates_fit_the_kind_of_argument(completer: Completer) -> None:
    assert offered(completer, "train hopper/hopperPPO|") == ["hopper/hopperPPO.checkpoint", "hopper/hopperPPO.spec"]
    assert offered(completer, "search hopper/|") == ["hopper/hopper.space"]
    assert offered(completer, "stop w9|") == [RUN]
    assert "hopper ppo" in help_of(completer, "stop 2026|", RUN)
    assert offered(completer, "score @|") == ["@best", "@sel"]
    assert offered(completer, "theme |") == ["dark", "light"]
    assert offered(completer, "mode tr|") == ["training"]
    assert offered(completer, "help sco|") == ["score"]
    assert offered(completer, "help score sco|") == []
    assert offered(completer, "new sp|") == ["spec", "space"]


def test_references_follow_the_name_of_a_mode(completer: Completer) -> None:
    assert offered(completer, "mode training w9|") == [RUN]
    assert "hopper/hopperPPO.spec" in offered(completer, "mode editor hopper/|")
    assert "workspace" not in offered(completer, "mode compare |")
    assert offered(completer, "open x w9|") == [RUN]


def test_parameters_fit_the_spec_and_have_descriptions(completer: Completer) -> None:
    keys = offered(completer, "train hopper/hopperPPO.spec Hopper|")
    assert keys
    assert all(key.startswith("Hopper/") and key.endswith("=") for key in keys)
    assert offered(completer, "train inverted/invertedPPO.spec Hopper|") == []
    key = "actor.learningRate="
    assert help_of(completer, "train hopper/hopperPPO.spec actor.learn|", key) == "0.001  Step size of the actor's optimiser."
    assert offered(completer, "train hopper/hopperPPO.spec physics=|") == ["physics=exact", "physics=fast"]
    assert offered(completer, "train hopper/hopperPPO.spec --set physics=f|") == ["physics=fast"]


def test_only_the_word_under_the_cursor_is_replaced(completer: Completer) -> None:
    made = at(completer, "stop w9|c --now; info x")
    line, cursor = made.apply("stop w9c --now; info x", made.candidates[0])
    assert line == f"stop {RUN} --now; info x"
    assert line[cursor:] == "--now; info x"


def test_names_with_blanks_are_quoted_and_gone_on_with(tmp_path: Path) -> None:
    (tmp_path / "my specs").mkdir()
    (tmp_path / "my specs" / "a [b].spec").write_text("{}")
    completer = Completer(Workspace(tmp_path))
    made = at(completer, "info my|")
    line, cursor = made.apply("info my", made.candidates[0])
    assert line == "info 'my specs/'"
    made = completer.complete(line, cursor)
    assert [one.text for one in made.candidates] == ["my specs/a [b].spec"]
    assert made.apply(line, made.candidates[0])[0] == "info 'my specs/a [b].spec' "
    assert offered(completer, "info 'my sp|") == ["my specs/"]


def test_the_ghost_is_the_likeliest_end(completer: Completer) -> None:
    assert completer.suggestion("trai") == "train"
    assert completer.suggestion("train hopper/hopperA") == "train hopper/hopperA2C.spec"
    assert completer.suggestion("train ") == ""
    assert completer.suggestion("train nothing") == ""


def test_every_beginning_of_every_line_can_be_completed(completer: Completer) -> None:
    for line in (
        'train "hopper/hopper PPO.spec" gamma=0.9 --set a=b; !ls',
        "gts compare @last --play;;x",
        "search '",
        "new spec -",
    ):
        for cursor in range(len(line) + 1):
            completer.complete(line, cursor)
            completer.complete(line[:cursor], cursor)
            completer.suggestion(line[:cursor])


def test_a_key_costs_little_in_a_large_workspace(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    for number in range(1000):
        folder = workspace.run_folder(f"2026{number:04}-120000-hopperPPO-abc").path
        folder.mkdir(parents=True)
        (folder / "run.json").write_text("{}")
    completer = Completer(workspace)
    completer.complete("stop 2", 6)
    began = time.process_time()
    for _ in range(20):
        assert completer.complete("stop 20260", 10).candidates
    assert (time.process_time() - began) / 20 < 0.05
