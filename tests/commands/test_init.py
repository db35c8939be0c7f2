"""`init`, `new`, `check`, `import`, `doctor`, `bench`: files and the machine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gts.commands import init
from gts.formats.space_file import read_space
from gts.formats.spec_file import read_spec
from gts.params.figures import FIGURES
from gts.params.techniques import TECHNIQUES


@pytest.fixture
def examples(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of examples that has been used, too."""
    folder = tmp_path_factory.mktemp("examples")
    for name in ("inverted/invertedPPO.spec", "hopper/hopper.space", "runs/a/run.json", "gts.db", "gts.db-journal", ".hidden"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"content of {name}")
    monkeypatch.setattr(init, "example_workspace", lambda: folder)
    return folder


def test_init_lays_the_examples_into_a_folder(gts, workspace: Path, examples: Path) -> None:
    data = gts("init", "deep/w", "--json").data
    assert data["made"] == ["hopper/hopper.space", "inverted/invertedPPO.spec"]
    assert (workspace / "deep/w/inverted/invertedPPO.spec").read_text() == "content of inverted/invertedPPO.spec"
    assert sorted(path.name for path in (workspace / "deep/w").iterdir()) == ["gts.db", "hopper", "inverted"]


def test_links_that_lead_out_of_the_examples_are_words_in_a_workspace(gts, workspace: Path, examples: Path) -> None:
    (examples / "README.md").write_text("[stays](hopper/hopper.space), [Gymnasium](https://x.org), [the page](../there.md#é).")
    gts("init", "w")
    assert (workspace / "w/README.md").read_text() == "[stays](hopper/hopper.space), [Gymnasium](https://x.org), the page."


def test_init_never_overwrites(gts, workspace: Path, examples: Path) -> None:
    (workspace / "inverted").mkdir()
    (workspace / "inverted" / "invertedPPO.spec").write_text("mine")
    outcome = gts("init")
    assert outcome.code == 0
    assert "1 file laid into ., 1 was there already and stays as before" in outcome.out
    assert "next: gts train inverted/invertedPPO.spec" in outcome.out
    assert (workspace / "inverted" / "invertedPPO.spec").read_text() == "mine"
    assert gts("init", "--json").data["made"] == []


def test_init_where_no_folder_can_be(gts, workspace: Path, examples: Path) -> None:
    outcome = gts("init", "tiny.spec")
    assert outcome.code == 2
    assert "cannot make a workspace in `tiny.spec`" in outcome.err


def test_an_installation_without_examples_says_so(gts, workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(init, "__file__", str(workspace / "a" / "b" / "init.py"))
    outcome = gts("init", "w")
    assert outcome.code == 3
    assert not (workspace / "w").exists()


@pytest.mark.parametrize("technique", TECHNIQUES)
@pytest.mark.parametrize("figure", FIGURES)
def test_new_files_are_good_ones(gts, workspace: Path, figure: str, technique: str) -> None:
    assert gts("new", "spec", "a", "--figure", figure, "--technique", technique).code == 0
    spec = read_spec("a.spec")
    assert (spec.figure, spec.technique, spec.changed()) == (figure, technique, {})
    assert spec.comment
    assert gts("new", "space", "b.space", "-f", figure, "-t", technique).code == 0
    space = read_space("b.space")
    assert (space.figure, space.technique, space.name) == (figure, technique, "b")
    assert len(space.param_space) == 2
    assert gts("check", "a.spec", "b.space", "--json").data["ok"] is True


def test_new_refuses_what_exists_or_is_unknown(gts, workspace: Path) -> None:
    assert gts("new", "spec", "tiny").code == 2
    outcome = gts("new", "spec", "x", "-f", "hoper")
    assert outcome.code == 2
    assert 'did you mean "hopper"?' in outcome.err
    assert gts("new", "spec", "x", "-t", "pp").code == 2
    assert gts("new", "spec", "nowhere/x").code == 2
    assert not (workspace / "x.spec").exists()


def test_check_lists_every_error_with_its_place(gts, workspace: Path) -> None:
    (workspace / "bad.spec").write_text(
        '{"physicalModel": "hoper",\n "technique": "ppo",\n "params": {"seed": -1,\n  "sed": 1}}'
    )
    (workspace / "warn.spec").write_text(
        json.dumps({"physicalModel": "hopper", "technique": "ppo", "params": {"nEpisodes": 3}})
    )
    outcome = gts("check", "bad.spec", "tiny.spec", "warn.spec", "none.spec")
    assert outcome.code == 2
    lines = outcome.out.splitlines()
    assert [line.rsplit(": ", 1)[0][:11] for line in lines[:3]] == ["bad.spec:1:", "bad.spec:3:", "bad.spec:4:"]
    assert lines[3] == "tiny.spec: good"
    assert lines[4].startswith("warn.spec:1:")
    assert ": warning: " in lines[4]
    assert lines[6] == "no such file: none.spec"
    data = gts("check", "bad.spec", "--json")
    assert data.code == 2
    assert data.data["ok"] is False
    assert [problem["line"] for problem in data.data["files"][0]["errors"]] == [1, 3, 4]
    assert gts("check", "tiny.spec").code == 0


def test_check_reads_checkpoints_whole(gts, trained: Path, workspace: Path) -> None:
    data = bytearray((trained / "out-seed1.checkpoint").read_bytes())
    data[-30] ^= 1
    (workspace / "flipped.checkpoint").write_bytes(data)
    assert gts("check", trained / "out-seed1.checkpoint").code == 0
    outcome = gts("check", "flipped.checkpoint")
    assert outcome.code == 2
    assert "checksum" in outcome.out


def test_old_checkpoints_are_imported_beside_what_is_there(gts, workspace: Path, repository: Path) -> None:
    old = repository / "tests" / "formats" / "legacy" / "inverted" / "invertedPPO.checkpoint"
    outcome = gts("import", old)
    assert outcome.code == 0, outcome.err
    assert "invertedPPO-imported.checkpoint: invertedPendulum, ppo, actor 4–32–32–1" in outcome.out
    assert gts("score", "invertedPPO-imported.checkpoint", "--episodes", 2).code == 0
    data = gts("import", old, "mine.checkpoint", "--json").data
    assert (data["path"], data["technique"]) == ("mine.checkpoint", "ppo")
    (workspace / "copy.checkpoint").write_bytes(old.read_bytes())
    assert gts("import", "copy.checkpoint", "copy.checkpoint").code == 2
    assert (workspace / "copy.checkpoint").read_bytes() == old.read_bytes()


def test_doctor_looks_at_everything(gts, workspace: Path) -> None:
    data = gts("doctor", "--json").data
    assert data["ok"] is True
    found = {(finding["section"], finding["name"]): finding for finding in data["findings"]}
    assert found["packages", "torch"]["value"]
    assert found["processors", "CPUs for this process"]["value"] >= 1
    assert found["workspace", "can be written"]["value"] is True
    assert found["workspace", "free bytes"]["value"] > 0
    assert {section for section, _ in found} == {"python", "packages", "processors", "screen", "workspace"}
    assert "✓" in gts("doctor").out
    assert sorted(path.name for path in workspace.iterdir()) == ["tiny.spec"]


def test_doctor_tells_what_is_missing(gts, workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.metadata

    version = importlib.metadata.version

    def without_mujoco(name: str) -> str:
        if name == "mujoco":
            raise importlib.metadata.PackageNotFoundError(name)
        return "2.1.0" if name == "torch" else version(name)

    monkeypatch.setattr(importlib.metadata, "version", without_mujoco)
    outcome = gts("doctor", "--json")
    assert outcome.code == 3
    found = {finding["name"]: finding for finding in outcome.data["findings"]}
    assert (found["mujoco"]["verdict"], found["mujoco"]["remedy"]) == ("bad", "pip install mujoco")
    assert (found["torch"]["verdict"], found["torch"]["value"]) == ("bad", "2.1.0")


def test_bench_shows_whatever_was_measured(gts, workspace: Path, monkeypatch: pytest.MonkeyPatch, examples: Path) -> None:
    from gts.commands import bench as command
    from gts.training import bench

    class Quick:
        def __init__(self, *asked: object) -> None:
            self.asked = asked

        def run(self):
            yield "stepping: hopper"

        def report(self):
            rates = [{"subject": "hopper", "what": "worlds", "median": 1234.5}]
            return {
                "threads": 2,
                "machine": {"cpus": 2},
                "rates": rates,
                "missing": {},
                "asked": list(map(str, self.asked[1:])),
            }

    monkeypatch.setattr(bench, "Bench", Quick)
    monkeypatch.setattr(command, "example_workspace", lambda: examples)
    outcome = gts("bench", "--quick", "--figure", "hopper", "--repetitions", 2, "--threads", 3, "--json")
    assert outcome.data["asked"] == ["('hopper',)", "False", "2", "True", "3"]
    assert "stepping: hopper" in outcome.err
    shown = gts("bench").out
    assert "1234.5" in shown
    assert "rates" in shown
    assert gts("bench", "--figure", "hoper").code == 2


def test_the_examples_are_good_and_complete(gts, workspace: Path) -> None:
    made = gts("init", "w", "--json").data["made"]
    files = [f"w/{name}" for name in made if name.endswith((".spec", ".space", ".checkpoint"))]
    assert {f"{figure}/" for figure in ("inverted", "hopper", "walker")} <= {f"{Path(name).parent}/" for name in made}
    checked = gts("check", *files, "--json").data
    assert checked["ok"] is True
    assert [file["warnings"] for file in checked["files"]] == [[]] * len(files)
