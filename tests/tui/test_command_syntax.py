"""Command lines: tokens and positions, expansion, and resolution of references."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as some

from gts.commands.command import Context
from gts.errors import FileError, UsageError
from gts.store.workspace import RunFolder, Workspace
from gts_tui.command_syntax import (
    CommandLineError,
    LineSpan,
    expand_tokens,
    parse_line,
    quote_words,
    resolve_target,
    tokenize_line,
)
from gts_tui.console.runner import find_token
from tests.support.sample_workspace import furnish

HOPPER = "20261118-211502-hopperPPO-k3f"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return furnish(tmp_path_factory.mktemp("evening") / "w")


def words(line: str, workspace: Workspace, *selected: str) -> list[str]:
    return [word.text for word in expand_tokens(parse_line(line)[0], workspace=workspace, get_selection=lambda: selected)]


@given(some.text("ab \t\"'\\", max_size=12))
@example('a\\"b "c\\d" \'e\\\'')
def test_words_are_those_of_a_shell(line: str) -> None:
    try:
        meant = shlex.split(line)
    except ValueError:
        assert tokenize_line(line)[-1].open_quote
        with pytest.raises(CommandLineError):
            parse_line(line)
        return
    found = tokenize_line(line)
    assert [word.text for word in found] == meant
    # A word stands where it was written.
    assert [shlex.split(line[word.begin : word.end]) for word in found] == [[word.text] for word in found]


@given(some.lists(some.text(max_size=8).filter(lambda text: "\0" not in text), min_size=1, max_size=4))
def test_joined_words_mean_themselves(texts: list[str]) -> None:
    assert shlex.split(quote_words(texts)) == texts
    if not texts[0].startswith("!"):
        assert [word.text for word in tokenize_line(quote_words(texts))] == texts


def test_a_line_has_several_commands_and_a_shell_takes_the_rest() -> None:
    first, second, third = parse_line("stop a;mode ';' jobs ; !ls; echo $x")
    assert [word.text for word in first.tokens] == ["stop", "a"]
    assert [word.text for word in second.tokens] == ["mode", ";", "jobs"]
    assert third.shell_line == "ls; echo $x"
    assert parse_line(" ;; ") == []


def test_an_open_quote_is_pointed_at() -> None:
    with pytest.raises(CommandLineError) as caught:
        parse_line("info 'my file")
    assert (caught.value.begin, caught.value.end) == (5, 13)


def test_carets_mark_the_word_in_wide_and_long_lines() -> None:
    assert LineSpan("info 日本 x.spec", 8, 14).underline(40).splitlines() == ["info 日本 x.spec", "          ^^^^^^"]
    line = "info " + "a.spec " * 40 + "bad.spec " + "b.spec " * 40
    at = line.index("bad.spec")
    shown, mark = LineSpan(line, at, at + 8).underline(30).splitlines()
    assert len(shown) <= 30
    assert shown[mark.index("^") : mark.rindex("^") + 1] == "bad.spec"


def test_overrides_are_written_as_the_shell_wants_them(workspace: Workspace) -> None:
    assert words("train hopper/hopperPPO.spec gamma=0.9 Hopper/minimumSpeed=2", workspace) == [
        "train", "hopper/hopperPPO.spec", "--set", "gamma=0.9", "--set", "Hopper/minimumSpeed=2",
    ]  # fmt: skip
    # What belongs to an option, what is said in full, and other commands' words stay as they are.
    assert words("train a.spec --set seed=1 -c pre=fix", workspace) == ["train", "a.spec", "--set", "seed=1", "-c", "pre=fix"]
    assert words("info a=b", workspace) == ["info", "a=b"]
    assert words("train ./a=b.spec /x/c=d.spec", workspace) == ["train", "./a=b.spec", "/x/c=d.spec"]


def test_a_file_that_looks_like_an_override_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "a=b.spec").write_text("{}")
    assert words("train a=b.spec c=d.spec", Workspace(tmp_path)) == ["train", "a=b.spec", "--set", "c=d.spec"]


def test_patterns_mean_files_runs_and_studies(workspace: Workspace) -> None:
    found = words("info hopper/*PPO.*", workspace)
    assert found == ["info", "hopper/hopperPPO.checkpoint", "hopper/hopperPPO.spec"]
    assert words("stop *hopperPPO*", workspace) == ["stop", HOPPER, "20261120-013000-hopperPPO-w9c"]
    assert words("info 'hopper/*'", workspace) == ["info", "hopper/*"]
    with pytest.raises(CommandLineError, match=r"no file .* matches `walker/\*\.txt`") as caught:
        words("info walker/*.txt", workspace)
    assert (caught.value.begin, caught.value.end) == (5, 17)
    with pytest.raises(CommandLineError, match="no job"):
        words("stop hopper/*", workspace)


def test_a_name_with_brackets_is_a_name(tmp_path: Path) -> None:
    (tmp_path / "loss[foo].spec").write_text("{}")
    assert words("info loss[foo].spec", Workspace(tmp_path)) == ["info", "loss[foo].spec"]


def test_selection_expands_to_its_references(workspace: Workspace) -> None:
    assert words("compare @sel x", workspace, "a.spec", "b c.spec") == ["compare", "a.spec", "b c.spec", "x"]
    assert words("info '@sel'", workspace) == ["info", "@sel"]
    with pytest.raises(CommandLineError, match="no item is selected"):
        words("info @sel", workspace)


def test_an_unknown_command_is_pointed_at_with_the_nearest_word(workspace: Workspace) -> None:
    for wrong, right in (("trian x", "train"), ("opne x", "open"), ("histroy", "history")):
        with pytest.raises(CommandLineError, match=f"did you mean `{right}`"):
            words(wrong, workspace)
    assert words("gts info x", workspace) == ["info", "x"]
    assert words("e x.spec", workspace) == ["edit", "x.spec"]
    assert words("gts", workspace) == ["help"]


def test_an_error_is_about_the_word_that_it_names(workspace: Workspace) -> None:
    found = expand_tokens(parse_line("train hopper/hopr.spec gama=1 -s 5")[0], workspace=workspace, get_selection=tuple)
    assert find_token("no such file: /w/hopper/hopr.spec", "", found).text == "hopper/hopr.spec"  # type: ignore[union-attr]
    assert find_token("anything", "gama", found).text == "gama=1"  # type: ignore[union-attr]
    assert find_token("the disk is full", "", found) is None


def test_references_resolve_to_modes(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(workspace.root)
    context = Context(workspace)
    study = workspace.study_names()[0]
    trial = RunFolder(workspace.study_folder(study).path / "trials" / "0001-seed1")
    trial.path.mkdir(parents=True, exist_ok=True)
    trial.run_file.write_text("{}")
    for word, mode, name in (
        ("hopper/hopperPPO.spec", "editor", "hopper/hopperPPO.spec"),
        ("hopper/hopper.space", "editor", "hopper/hopper.space"),
        ("hopper/hopperPPO.checkpoint", "workspace", "hopper/hopperPPO.checkpoint"),
        (str(workspace.root / "hopper/hopperPPO.spec"), "editor", "hopper/hopperPPO.spec"),
        ("k3f", "training", HOPPER),
        (f"runs/{HOPPER}", "training", HOPPER),
        (study, "search", study),
        (f"studies/{study}", "search", study),
        (f"studies/{study}/study.db", "search", f"studies/{study}/study.db"),
        (f"studies/{study}/study.db#{study}", "search", f"studies/{study}/study.db#{study}"),
        (f"studies/{study}/trials/0001-seed1", "training", f"studies/{study}/trials/0001-seed1"),
        ("postgresql+psycopg://me@localhost/x#y", "search", "postgresql+psycopg://me@localhost/x#y"),
    ):
        place = resolve_target(context, word)
        assert (place.mode, place.reference) == (mode, name)
    with pytest.raises(UsageError, match="names 2 jobs"):
        resolve_target(context, "hopperPPO")
    for word in ("hopper/hopperPPPO.spec", "hoper/hopperPPO.spec", "hopperPPO.spec"):
        with pytest.raises(FileError, match="there is no file, run or study") as caught:
            resolve_target(context, word)
        assert "hopper/hopperPPO.spec" in caught.value.hint
