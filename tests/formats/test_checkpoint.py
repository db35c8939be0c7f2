"""Checkpoints: reading returns what was written, and any damage is detected."""

from __future__ import annotations

import json
import struct
import zipfile
from dataclasses import replace

import gymnasium
import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given, settings
from hypothesis import strategies as st

from gts.errors import DivergedError, FileError, FormatError
from gts.formats import checkpoint as checkpoint_module
from gts.formats import checkpoint_layout
from gts.formats.checkpoint import (
    Checkpoint,
    compute_tensor_checksum,
    read_checkpoint,
    read_checkpoint_header,
    write_checkpoint,
)
from gts.formats.networks import FIGURE_SIZES
from gts.params.figures import FIGURES
from gts.params.spec import make_spec
from tests.support.random_networks import network_tensors


@pytest.fixture(scope="module")
def written(checkpoint, tmp_path_factory):
    path = tmp_path_factory.mktemp("written") / "a.checkpoint"
    write_checkpoint(path, checkpoint)
    return path


def refusal(path, read=read_checkpoint):
    with pytest.raises(FormatError) as caught:
        read(path)
    assert caught.value.hint
    return caught.value


def same(ours, theirs):
    assert ours.keys() == theirs.keys()
    for name in ours:
        assert ours[name].dtype == theirs[name].dtype, name
        assert ours[name].shape == theirs[name].shape, name
        assert ours[name].tobytes() == theirs[name].tobytes(), name
    return True


def test_reading_returns_every_bit(checkpoint, tmp_path):
    checksum = write_checkpoint(tmp_path / "a", checkpoint)

    again = read_checkpoint(tmp_path / "a")

    assert same(dict(checkpoint.tensors), dict(again.tensors))
    assert again.spec == checkpoint.spec
    assert dict(again.counters) == checkpoint.counters
    assert again.score == checkpoint.score
    assert again.history == checkpoint.history
    assert again.parents == checkpoint.parents
    assert again.versions == checkpoint.versions
    assert again.checksum == checksum == compute_tensor_checksum(checkpoint.tensors)
    assert again.file_size == (tmp_path / "a").stat().st_size


def test_the_same_checkpoint_gives_the_same_bytes(checkpoint, tmp_path):
    backwards = replace(checkpoint, tensors=dict(reversed(checkpoint.tensors.items())))

    write_checkpoint(tmp_path / "a", checkpoint)
    write_checkpoint(tmp_path / "b", backwards)

    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_any_program_that_knows_safetensors_can_read_it(checkpoint, written):
    assert same(safetensors.numpy.load_file(written), dict(checkpoint.tensors))


def test_arrays_of_any_memory_layout_are_written(checkpoint, tmp_path):
    wide = np.arange(24, dtype=np.float64).reshape(4, 6)
    tensors = {**checkpoint.tensors, "turned": wide.T, "every.other": wide[::2, ::3], "swapped": wide.astype(">f8")}

    write_checkpoint(tmp_path / "a", replace(checkpoint, tensors=tensors))

    again = read_checkpoint(tmp_path / "a").tensors
    assert (again["turned"] == wide.T).all()
    assert (again["every.other"] == wide[::2, ::3]).all()
    assert (again["swapped"] == wide).all()


def test_the_header_holds_all_but_the_tensors(checkpoint, written):
    header = read_checkpoint_header(written)

    whole = read_checkpoint(written)
    assert dict(header.tensors) == {}
    assert header.shapes() == whole.shapes() == checkpoint.shapes()
    assert replace(header, tensors=whole.tensors) == whole


def test_the_header_is_read_without_the_tensors(checkpoint, tmp_path, monkeypatch):
    path = tmp_path / "a"
    write_checkpoint(path, replace(checkpoint, tensors={**checkpoint.tensors, "large": np.zeros(20_000_000)}))

    def refuse(*_):
        raise AssertionError("the tensors were read")

    monkeypatch.setattr(checkpoint_module, "read_bytes", refuse)
    monkeypatch.setattr(checkpoint_layout, "unpack_tensors", refuse)
    head, size = checkpoint_layout.read_header_bytes(path)

    assert size > 160_000_000 and len(head) < 100_000
    assert read_checkpoint_header(path).shapes()["large"] == (20_000_000,)


def test_networks_are_described_with_widths_and_numbers(checkpoint, written):
    for source in (checkpoint, read_checkpoint(written), read_checkpoint_header(written)):
        actor, critic = source.describe_networks()

        assert (actor.name, actor.sizes, actor.activation, actor.deviation) == ("actor", (11, 8, 8, 3), "tanh", "learned")
        assert actor.parameters == 11 * 8 + 8 + 8 * 8 + 8 + 8 * 3 + 3 + 3
        assert (critic.name, critic.sizes, critic.deviation) == ("critic", (11, 4, 1), "")
        assert critic.parameters == 11 * 4 + 4 + 4 + 1


def test_networks_of_more_than_ten_layers_keep_their_order():
    spec = make_spec("walker", "ppo", {"actor.nHidden": 12, "actor.hiddenSize": 3})

    (actor,) = Checkpoint(spec, network_tensors(spec, {"actor": 6})).describe_networks()

    assert actor.sizes == (17, *[3] * 12, 6)


def test_a_network_without_hidden_layers_is_one_too(tmp_path):
    spec = make_spec("hopper", "reinforce", {"policy.nHidden": 0, "baseline": "white"})
    checkpoint = Checkpoint(spec, network_tensors(spec, {"policy": 3}))

    write_checkpoint(tmp_path / "a", checkpoint)

    assert read_checkpoint(tmp_path / "a").describe_networks()[0].sizes == (11, 3)


def test_the_policy_alone_is_enough(tmp_path):
    spec = make_spec("ant", "ppo", {"actor.hiddenSize": 4})

    write_checkpoint(tmp_path / "a", Checkpoint(spec, network_tensors(spec, {"actor": 8})))

    again = read_checkpoint(tmp_path / "a")
    assert set(again.versions) >= {"gts", "python", "torch", "mujoco", "numpy", "gymnasium"}


def test_deviations_may_differ_between_environments(tmp_path):
    params = {"actor.varianceScale": 0.3, "actor.varianceScaleDelta": 0.5, "nEnvironments": 5, "actor.hiddenSize": 4}
    spec = make_spec("hopper", "a2c", params)
    tensors = network_tensors(spec, {"actor": 3}) | {"actor.log_deviation": np.zeros((5, 3), dtype=np.float32)}

    write_checkpoint(tmp_path / "a", Checkpoint(spec, tensors))

    assert read_checkpoint(tmp_path / "a").tensors["actor.log_deviation"].shape == (5, 3)


def test_numpys_numbers_become_plain_and_what_is_not_finite_becomes_null(checkpoint, tmp_path):
    counters = {"step": np.int64(5), "best": float("-inf"), "list": (np.float32(0.5), float("nan")), "array": np.arange(2)}

    write_checkpoint(tmp_path / "a", replace(checkpoint, counters=counters))

    assert read_checkpoint(tmp_path / "a").counters == {"step": 5, "best": None, "list": [0.5, None], "array": [0, 1]}


@settings(max_examples=600)
@given(st.data())
def test_a_changed_bit_is_detected(written, tmp_path_factory, data):
    original = written.read_bytes()
    changed = bytearray(original)
    position = data.draw(st.integers(0, len(original) - 1))
    changed[position] ^= 1 << data.draw(st.integers(0, 7))
    path = tmp_path_factory.getbasetemp() / "flipped.checkpoint"
    path.write_bytes(changed)

    try:
        again = read_checkpoint(path)
    except FormatError as error:
        assert error.hint
        return

    # A bit that means nothing: the exponent's letter of a number in the JSON, e or E.
    whole = read_checkpoint(written)
    assert same(dict(again.tensors), dict(whole.tensors))
    assert replace(again, tensors={}) == replace(whole, tensors={})


def test_every_truncation_is_detected(written, tmp_path):
    original = written.read_bytes()
    path = tmp_path / "a"
    for length in [*range(1, 300), *range(300, len(original), 97), len(original) - 1]:
        path.write_bytes(original[:length])
        refusal(path)
        refusal(path, read_checkpoint_header)


def test_trailing_bytes_are_detected(written, tmp_path):
    (tmp_path / "a").write_bytes(written.read_bytes() + b"\0")

    assert "trailing data" in refusal(tmp_path / "a").message


def altered(written, tmp_path, change, *, seal=True):
    """Path of a checkpoint whose metadata (document, tensors) `change` has edited."""
    data = written.read_bytes()
    document = dict(checkpoint_layout.unpack_header("x", data, len(data)).document)
    tensors = checkpoint_layout.unpack_tensors("x", data)
    change(document, tensors)
    if seal:
        document["checksum"] = compute_tensor_checksum(tensors)
    path = tmp_path / "altered.checkpoint"
    path.write_bytes(checkpoint_layout.pack_checkpoint(document, tensors))
    return path


def test_defaults_that_have_changed_since_do_not_change_an_old_checkpoint(written, tmp_path):
    def change(document, tensors):
        document["values"] |= {"updateEpochs": 9, "critic.hiddenActivation": "SiLU"}

    spec = read_checkpoint(altered(written, tmp_path, change)).spec

    assert spec.params.update_epochs == 9
    assert spec.params.critic_hidden_activation == "SiLU"
    assert spec.params.seed == 7


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda document, tensors: document.update(format=2), "newer GTS"),
        (lambda document, tensors: document.update(format=10**30), "newer GTS"),
        (lambda document, tensors: document.update(format="1"), "version is missing"),
        (lambda document, tensors: document.update(format=True), "version is missing"),
        (lambda document, tensors: document.pop("format"), "version is missing"),
        (lambda document, tensors: document.pop("spec"), "lack `spec`"),
        (lambda document, tensors: document.update(counters=[]), "lack `counters`"),
        (lambda document, tensors: document.update(score=3), "lack `score`"),
        (lambda document, tensors: document.update(history=[1]), "no table"),
        (lambda document, tensors: document["spec"].pop("params"), "spec is incomplete"),
        (lambda document, tensors: document["spec"].update(physicalModel="dog"), 'unknown physical model "dog"'),
        (lambda document, tensors: document["values"].update(whiskers=3), 'unknown parameter "whiskers"'),
        (lambda document, tensors: document["values"].update(seed=-1), "`seed` must be"),
        (lambda document, tensors: document["spec"]["params"].update({"actor.hiddenSize": "8"}), "actor.hiddenSize"),
        (lambda document, tensors: document["values"].update({"actor.hiddenSize": 9}), "its spec needs (11, 9)"),
        (lambda document, tensors: document["spec"].update(physicalModel="walker"), "Walker"),
        (lambda document, tensors: tensors.pop("actor.layer1.bias"), "`actor.layer1.bias` is missing"),
        (lambda document, tensors: tensors.pop("critic.output.bias"), "`critic.output.bias` is missing"),
        (lambda document, tensors: tensors.pop("actor.log_deviation"), "`actor.log_deviation` is missing"),
        (lambda document, tensors: tensors.pop("actor.output.bias"), "no actor network"),
        (lambda document, tensors: tensors.clear(), "no actor network"),
        (lambda document, tensors: tensors.update({"actor.layer7.bias": np.zeros(8, dtype=np.float32)}), "does not belong"),
        (lambda document, tensors: tensors.update({"actor.deviation.bias": np.zeros(3, dtype=np.float32)}), "does not belong"),
        (lambda document, tensors: tensors.update({"actor.output.bias": np.zeros(())}), "not a network"),
        (lambda document, tensors: tensors.update({"actor.output.bias": np.zeros(3)}), "float64, not float32"),
        (
            lambda document, tensors: tensors.update({"critic.output.bias": np.full(1, np.nan, dtype=np.float32)}),
            "`critic.output.bias` holds a number that is not finite",
        ),
    ],
)
def test_inconsistent_metadata_is_refused_with_its_name(written, tmp_path, change, words):
    assert words in refusal(altered(written, tmp_path, change)).message


def test_changed_tensors_are_detected(written, tmp_path):
    def change(document, tensors):
        tensors["worlds.state"] = tensors["worlds.state"] * 2

    assert "checksum differs" in refusal(altered(written, tmp_path, change, seal=False)).message


@pytest.mark.parametrize("figure", [figure for figure in FIGURE_SIZES if figure != "hopper"])
def test_a_checkpoint_of_another_figures_shape_is_refused(checkpoint, tmp_path, figure):
    spec = make_spec(figure, "ppo", dict(checkpoint.spec.given_values))

    with pytest.raises(FormatError) as caught:
        write_checkpoint(tmp_path / "a", replace(checkpoint, spec=spec))

    assert f"does not fit the {figure}" in caught.value.message
    assert "it fits hopper" in caught.value.message
    assert not list(tmp_path.iterdir())


def test_the_sizes_of_figures_are_gymnasiums():
    assert FIGURE_SIZES.keys() == FIGURES.keys()
    for figure, sizes in FIGURE_SIZES.items():
        env = gymnasium.make(FIGURES[figure].gymnasium_id)
        assert sizes == (env.observation_space.shape[0], env.action_space.shape[0])
        env.close()


def test_a_diverged_network_replaces_no_good_file(checkpoint, tmp_path):
    path = tmp_path / "a"
    write_checkpoint(path, checkpoint)
    before = path.read_bytes()
    broken = {**checkpoint.tensors, "actor.layer0.bias": np.full(8, np.inf, dtype=np.float32)}

    with pytest.raises(DivergedError, match=r"actor\.layer0\.bias"):
        write_checkpoint(path, replace(checkpoint, tensors=broken))

    assert path.read_bytes() == before


def header_file(path, header, body=b""):
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(raw)) + raw + body)
    return path


HUGE = {"dtype": "F32", "shape": [2**31, 2**31], "data_offsets": [0, 4]}


@pytest.mark.parametrize(
    ("header", "body"),
    [
        ({}, b""),
        ({"__metadata__": {}}, b""),
        ({"__metadata__": {"gts": 3}}, b""),
        ({"__metadata__": {"gts": "no json"}}, b""),
        ({"__metadata__": {"gts": "[]"}}, b""),
        ({"__metadata__": {"gts": "{}"}}, b""),
        ({"__metadata__": {"gts": '{"format": 1e999}'}}, b""),
        ({"__metadata__": {"gts": '{"format": NaN}'}}, b""),
        ({"__metadata__": {"gts": '{"format": 1, "format": 1}'}}, b""),
        ({"__metadata__": {"gts": "[" * 100_000}}, b""),
        ({"__metadata__": {"gts": '{"format": ' + "9" * 10_000 + "}"}}, b""),
        ({"__metadata__": {"gts": "{}"}, "a": HUGE}, b"1234"),
        ({"__metadata__": {"gts": "{}"}, "a": {**HUGE, "shape": [-1]}}, b"1234"),
        ({"__metadata__": {"gts": "{}"}, "a": {**HUGE, "shape": [1e3]}}, b"1234"),
        ({"__metadata__": {"gts": "{}"}, "a": {**HUGE, "dtype": "BF16"}}, b"1234"),
        ({"__metadata__": {"gts": "{}"}, "a": {**HUGE, "data_offsets": [0]}}, b"1234"),
        ({"__metadata__": {"gts": "{}"}, "a": {**HUGE, "data_offsets": [0, 10**30]}}, b"1234"),
        ({"__metadata__": {"gts": "{}"}, "a": 3}, b""),
        (b"{" * 50_000, b""),
        (b'{"a": 1, "a": 2}', b""),
        (b"{\xff}", b""),
        (b"{}", b"more"),
    ],
)
def test_headers_made_by_hand_are_refused(tmp_path, header, body):
    path = header_file(tmp_path / "a", header, body)

    refusal(path)
    refusal(path, read_checkpoint_header)


def test_a_header_with_huge_sizes_allocates_nothing(tmp_path):
    path = tmp_path / "a"
    for length in (2**64 - 1, 2**40, 10**8, 10**6):
        path.write_bytes(struct.pack("<Q", length) + b"{}")
        refusal(path)
        refusal(path, read_checkpoint_header)


def test_overlapping_tensors_are_refused(written, tmp_path):
    data = written.read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    first, second = "actor.layer0.bias", "actor.layer1.bias"
    header[second]["data_offsets"] = header[first]["data_offsets"]

    assert "do not match its header" in refusal(header_file(tmp_path / "a", header, data[8 + length :])).message


@pytest.mark.parametrize("read", [read_checkpoint, read_checkpoint_header])
def test_files_of_other_types_are_named(tmp_path, read):
    with zipfile.ZipFile(tmp_path / "zip", "w") as archive:
        archive.writestr("a/data.pkl", b"")
    (tmp_path / "pickle").write_bytes(b"\x80\x04}.")
    (tmp_path / "text").write_text('{"physicalModel": "hopper"}')

    assert "gts import" in refusal(tmp_path / "zip", read).hint
    assert "gts import" in refusal(tmp_path / "pickle", read).hint
    assert "first bytes are wrong" in refusal(tmp_path / "text", read).message


@pytest.mark.parametrize("read", [read_checkpoint, read_checkpoint_header])
def test_unreadable_files_are_named(tmp_path, read):
    (tmp_path / "empty").write_bytes(b"")

    for name, words in (("none", "no such file"), ("empty", "is empty"), (".", "is a folder")):
        with pytest.raises(FileError, match=words):
            read(tmp_path / name)


def test_a_checkpoint_that_cannot_be_written_leaves_nothing(checkpoint, tmp_path):
    with pytest.raises(FileError, match="folder does not exist"):
        write_checkpoint(tmp_path / "no" / "a", checkpoint)

    assert not list(tmp_path.iterdir())
