"""Import of the original program's checkpoints: the policy is the same, and no code in them is executed."""

from __future__ import annotations

import hashlib
import io
import json
import os
import pickle
import zipfile
from collections import OrderedDict

import gymnasium
import numpy as np
import pytest
import torch

from gts.errors import FileError, FormatError, MissingError
from gts.formats.checkpoint import read_checkpoint, write_checkpoint
from gts.formats.legacy import read_legacy_checkpoint
from gts.params.figures import FIGURES

FILES = ["hopper/hopperA2C.checkpoint", "hopper/hopperReinforce.checkpoint", "inverted/invertedPPO.checkpoint"]
ACTIVATIONS = {"ELU": torch.nn.functional.elu, "ReLU": torch.relu}


def opened(path):
    """Content of an original file, read by torch's loader alone."""
    allowed = [
        (str, "GTS.physicalModel.PhysicalModelID"),
        (np._core.multiarray.scalar, "numpy.core.multiarray.scalar"),
        np.dtype,
        np.dtypes.Float64DType,
    ]
    with torch.serialization.safe_globals(allowed):
        return torch.load(path, weights_only=True)


def original_outputs(net, observations):
    """Means, and learned log standard deviations, as the original program computes them. (B, O) → (B, A)."""
    activation = ACTIVATIONS[json.loads(net["hiddenLayers"])["activation"]]
    features, state = observations, net["state"]
    for layer in ("layer0", "layer1"):
        features = activation(features @ state[f"commonNet.{layer}.weight"].T + state[f"commonNet.{layer}.bias"])
    mean = features @ state["output.weight"].T + state["output.bias"]
    if "stdDev.weight" not in state:
        return mean, None
    return mean, features @ state["stdDev.weight"].T + state["stdDev.bias"]


def imported_outputs(checkpoint, net, observations):
    """The same of an imported checkpoint, for actions in [−1, 1]."""
    tensors = {name: torch.from_numpy(tensor) for name, tensor in checkpoint.tensors.items()}
    activation = ACTIVATIONS[checkpoint.spec.values()[f"{net}.hiddenActivation"]]
    features = observations
    for layer in ("layer0", "layer1"):
        features = activation(features @ tensors[f"{net}.{layer}.weight"] + tensors[f"{net}.{layer}.bias"])
    mean = features @ tensors[f"{net}.output.weight"] + tensors[f"{net}.output.bias"]
    if f"{net}.deviation.weight" in tensors:
        return mean, features @ tensors[f"{net}.deviation.weight"] + tensors[f"{net}.deviation.bias"]
    return mean, tensors.get(f"{net}.log_deviation")


@pytest.mark.parametrize("file", FILES)
def test_the_imported_policy_acts_like_the_original(legacy, file):
    stored = opened(legacy / file)
    checkpoint = read_legacy_checkpoint(legacy / file)
    net = checkpoint.describe_networks()[0].name
    env = gymnasium.make(FIGURES[checkpoint.spec.figure].gymnasium_id)
    half = torch.from_numpy((env.action_space.high - env.action_space.low) / 2)
    env.close()
    observations = torch.randn(200, stored["policy.net"]["nInputs"], generator=torch.Generator().manual_seed(0))

    mean, log_deviation = original_outputs(stored["policy.net"], observations)
    unit_mean, unit_log_deviation = imported_outputs(checkpoint, net, observations)

    torch.testing.assert_close(unit_mean * half, mean, rtol=1e-5, atol=1e-5)
    if log_deviation is None:
        rows = torch.tensor(stored["policy.net"]["variance"]).reshape(-1, len(half))
        torch.testing.assert_close(unit_log_deviation.exp() * half, rows[0])
    else:
        torch.testing.assert_close(unit_log_deviation.exp() * half, log_deviation.exp(), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("file", [FILES[0], FILES[2]])
def test_the_imported_critic_values_like_the_original(legacy, file):
    stored = opened(legacy / file)["critic.net"]
    observations = torch.randn(50, stored["nInputs"], generator=torch.Generator().manual_seed(0))

    expected, _ = original_outputs(stored, observations)

    torch.testing.assert_close(imported_outputs(read_legacy_checkpoint(legacy / file), "critic", observations)[0], expected)


@pytest.mark.parametrize("file", FILES)
def test_the_spec_describes_what_was_imported(legacy, file):
    stored = opened(legacy / file)
    checkpoint = read_legacy_checkpoint(legacy / file)
    spec, values = checkpoint.spec, checkpoint.spec.values()

    assert (spec.figure, spec.technique) == (stored["model"], stored["trainer"].lower())
    assert not (values["normaliseObservations"] or values["scaleRewards"] or values["clipActions"])
    assert (values["schedule"], values["maxGradientNorm"]) == ("constant", 0)
    net = checkpoint.describe_networks()[0].name
    assert values[f"{net}.initialisation"] == "uniform"
    assert values[f"{net}.deviation"] == ("stateDependent" if net == "policy" else "fixed")
    never_read = {"actor.discountFactor", "policy.nHiddenLayers", "nEpisodes", "learningIterations"}
    assert {warning.key for warning in spec.warnings} == never_read & stored["params"].keys()
    kept = {key: value for key, value in stored["params"].items() if key not in never_read}
    assert {key: values[key] for key in kept} == kept
    assert os.path.basename(file) in spec.comment


@pytest.mark.parametrize("file", FILES)
def test_score_and_parents_are_kept(legacy, file):
    stored = opened(legacy / file)["score"]

    checkpoint = read_legacy_checkpoint(legacy / file)

    assert checkpoint.counters.get("originalScore", {}) == {key: float(value) for key, value in stored.items()}
    checksum = hashlib.sha256((legacy / file).read_bytes()).hexdigest()
    assert checkpoint.parents == ({"name": os.path.basename(file), "checksum": checksum, "step": None},)
    assert "step" not in checkpoint.counters


@pytest.mark.parametrize("file", FILES)
def test_the_optimisers_memory_is_turned_and_scaled_with_the_weights(legacy, file):
    stored = opened(legacy / file)
    tensors = read_legacy_checkpoint(legacy / file).tensors
    net = "policy" if stored["trainer"] == "Reinforce" else "actor"
    half = 3.0 if stored["model"] == "invertedPendulum" else 1.0
    state = stored["policy.optimiserState"]["state"]

    assert tensors[f"{net}.adam.steps"] == int(state[0]["step"])
    np.testing.assert_array_equal(tensors[f"{net}.adam.first.layer0.weight"], state[0]["exp_avg"].numpy().T)
    np.testing.assert_array_equal(tensors[f"{net}.adam.second.layer1.bias"], state[3]["exp_avg_sq"].numpy())
    np.testing.assert_allclose(tensors[f"{net}.adam.first.output.weight"], half * state[4]["exp_avg"].numpy().T)
    np.testing.assert_allclose(tensors[f"{net}.adam.second.output.bias"], half**2 * state[5]["exp_avg_sq"].numpy())
    if net == "policy":
        np.testing.assert_array_equal(tensors["policy.adam.first.deviation.weight"], state[6]["exp_avg"].numpy().T)


@pytest.mark.parametrize("file", FILES)
def test_an_imported_checkpoint_is_written_and_read(legacy, tmp_path, file):
    checkpoint = read_legacy_checkpoint(legacy / file)

    checksum = write_checkpoint(tmp_path / "a", checkpoint)

    again = read_checkpoint(tmp_path / "a")
    assert checksum == checkpoint.checksum
    assert again.spec.values() == checkpoint.spec.values()
    assert again.counters == checkpoint.counters


def saved(tmp_path, content):
    path = tmp_path / "made.checkpoint"
    torch.save(content, path)
    return path


def made(**changes):
    """Content of a small file of the original program."""

    def net(outputs, **more):
        sizes = {"commonNet.layer0": (4, 11), "output": (outputs, 4)}
        state = OrderedDict()
        for name, shape in sizes.items():
            state[f"{name}.weight"] = torch.ones(shape)
            state[f"{name}.bias"] = torch.zeros(shape[0])
        layers = json.dumps({"nLayers": 1, "size": 4, "activation": "ELU"})
        return {"state": state, "nInputs": 11, "nOutputs": outputs, "hiddenLayers": layers, **more}

    return {
        "trainer": "PPO",
        "model": "hopper",
        "params": {"seed": 1, "actor.varianceScale": 0.25},
        "policy.net": net(3, variance=[0.5, 0.5, 0.5]),
        "critic.net": net(1),
        "score": {},
    } | changes


def changed_net(**changes):
    net = made()["policy.net"]
    state = changes.pop("state", {})
    return {"policy.net": net | changes | {"state": OrderedDict(net["state"] | state)}}


def test_a_file_made_by_hand_is_imported(tmp_path):
    checkpoint = read_legacy_checkpoint(saved(tmp_path, made()))

    assert checkpoint.spec.values()["actor.hiddenSize"] == 4
    np.testing.assert_allclose(checkpoint.tensors["actor.log_deviation"], np.log([0.5] * 3), rtol=1e-6)


def test_the_older_key_of_the_deviation_is_understood(tmp_path):
    older = made(params={"seed": 1, "actor.fixedVariance": 0.25})
    both = made(params={"seed": 1, "actor.fixedVariance": 0.1, "actor.varianceScale": 0.25})
    neither = made(params={"seed": 1})

    for content in (older, both, neither):
        assert read_legacy_checkpoint(saved(tmp_path, content)).spec.values()["actor.varianceScale"] == 0.25


def test_rows_of_different_deviations_are_kept(tmp_path):
    rows = [[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]]
    params = {"nEnvironments": 2, "actor.varianceScale": 0.2, "actor.varianceScaleDelta": 0.5}
    content = made(trainer="A2C", params=params, **changed_net(variance=rows))

    checkpoint = read_legacy_checkpoint(saved(tmp_path, content))

    np.testing.assert_allclose(checkpoint.tensors["actor.log_deviation"], np.log(rows), rtol=1e-6)


def test_without_a_usable_optimiser_the_networks_still_come_over(tmp_path):
    entry = {"step": torch.tensor(3.0), "exp_avg": torch.zeros(2, 2), "exp_avg_sq": torch.zeros(2, 2)}
    for state in ({}, {0: entry}, dict.fromkeys(range(4), entry), dict.fromkeys(range(4), 3), [1]):
        content = made(**{"policy.optimiserState": {"state": state}})

        names = read_legacy_checkpoint(saved(tmp_path, content)).tensors

        assert not any("adam" in name for name in names)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"trainer": "SAC"}, 'unknown technique, "SAC"'),
        ({"trainer": 3}, "unknown technique, a int"),
        ({"model": "dog"}, 'unknown figure, "dog"'),
        ({"model": "humanoid"}, "unknown figure"),
        ({"params": [1]}, "no parameters"),
        ({"policy.net": {}}, "no network `policy.net`"),
        ({"policy.net": 3}, "no network `policy.net`"),
        ({"critic.net": 3}, "no network `critic.net`"),
        (changed_net(hiddenLayers="{"), "does not describe its layers"),
        (changed_net(hiddenLayers=3), "does not describe its layers"),
        (changed_net(hiddenLayers='{"nLayers": 1, "size": 4, "activation": "cosine"}'), 'not "cosine"'),
        (changed_net(hiddenLayers='{"nLayers": 2, "size": 4, "activation": "ELU"}'), "`actor.layer1.weight` is missing"),
        (changed_net(hiddenLayers='{"nLayers": 1, "size": 5, "activation": "ELU"}'), "its spec needs (11, 5)"),
        (changed_net(hiddenLayers='{"nLayers": 1, "size": 0, "activation": "ELU"}'), "actor.hiddenSize"),
        (changed_net(hiddenLayers="[" * 10_000), "does not describe its layers"),
        (changed_net(variance=[0.5]), "do not fit its actions"),
        (changed_net(variance=[0.5, -1.0, 0.5]), "do not fit its actions"),
        (changed_net(variance=[0.5, float("nan"), 0.5]), "do not fit its actions"),
        (changed_net(variance="wide"), "do not fit its actions"),
        (changed_net(variance=[]), "do not fit its actions"),
        (changed_net(variance=None), "has no standard deviation"),
        (changed_net(state={"output.bias": torch.tensor([0.0, float("nan"), 0.0])}), "not finite"),
        (changed_net(state={"output.bias": torch.zeros(6)}), "do not fit its actions"),
        (changed_net(state={"output.bias": 3}), "not a plain tensor"),
        (changed_net(state={"output.bias": torch.zeros(3, dtype=torch.int64)}), "int64"),
        (changed_net(state={"output.weight": torch.zeros(1).expand(10**6, 10**6)}), "larger than its stored data"),
        (changed_net(state={"output.weight": torch.zeros(1).expand(3, 4)}), "larger than its stored data"),
        (changed_net(state={"adam.steps": torch.zeros(1)}), "parts unknown to the original program"),
        (changed_net(state={3: torch.zeros(1)}), "parts unknown to the original program"),
    ],
)
def test_inconsistent_files_are_refused(tmp_path, changes, words):
    with pytest.raises(FormatError) as caught:
        read_legacy_checkpoint(saved(tmp_path, made(**changes)))

    assert words in caught.value.message and caught.value.hint


def test_parameters_that_cannot_be_used_are_left_out_and_named(tmp_path):
    nested = []
    for _ in range(100):
        nested = [nested, nested]  # written out, it would have 2¹⁰⁰ parts
    params = {"seed": 1, "actor.varianceScale": 0.25, "lambda": 7.0, "whiskers": 3, "entropyCoeff": nested, 5: 5}

    checkpoint = read_legacy_checkpoint(saved(tmp_path, made(params=params)))

    assert {warning.key for warning in checkpoint.spec.warnings} == {"lambda", "whiskers", "entropyCoeff", "5"}
    assert checkpoint.spec.values()["lambda"] == 0.95


class Call:
    """An object whose pickle calls a function."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize(
    "payload",
    [
        lambda canary: Call(os.system, f"touch {canary}"),
        lambda canary: Call(eval, f"open({str(canary)!r}, 'w')"),
        lambda canary: Call(exec, f"open({str(canary)!r}, 'w')"),
        lambda canary: Call(open, str(canary), "w"),
        lambda canary: Call(os.mkdir, str(canary)),
        lambda canary: Call(torch.load, str(canary)),
        lambda canary: Call(getattr, "x", "upper"),
        lambda canary: np.arange(3),
        lambda canary: torch.nn.Linear(2, 2),
    ],
)
@pytest.mark.parametrize("place", ["score", "params", "model"])
def test_nothing_that_is_pickled_is_executed(tmp_path, payload, place):
    canary = tmp_path / "canary"
    path = saved(tmp_path, made(**{place: {"mean": payload(canary)}}))

    with pytest.raises(FormatError, match="holds more than data"):
        read_legacy_checkpoint(path)

    assert not canary.exists()


def test_a_bare_pickle_is_not_opened(tmp_path):
    canary = tmp_path / "canary"
    path = tmp_path / "a.checkpoint"
    path.write_bytes(pickle.dumps(Call(os.mkdir, str(canary))))

    with pytest.raises(FormatError, match="Python pickle"):
        read_legacy_checkpoint(path)

    assert not canary.exists()


def archive(members, compression=zipfile.ZIP_STORED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (archive({"readme.txt": b"hello"}), "not a checkpoint of the original"),
        (archive({"a/data.pkl": b"\x80\x02}."}, zipfile.ZIP_DEFLATED), "not a checkpoint of the original"),
        (archive({"a/data.pkl": bytes(50_000_000)}, zipfile.ZIP_DEFLATED), "not a checkpoint of the original"),
        (archive({"a/data.pkl": b""}), "damaged"),
        (archive({"a/data.pkl": b"\x80\x02" + b"(" * 100_000}), "damaged"),
        (archive({"a/data.pkl": b"\x80\x02}."}), "damaged|unknown technique"),
        (archive({"a/data.pkl": b"\x80\x02]."}), "damaged|no training"),
        (archive({"a/code/x.py": b"1", "a/constants.pkl": b"", "a/data.pkl": b"\x80\x02}."}), "damaged"),
        (b"PK\x03\x04", "damaged"),
        (b"PK\x03\x04" + bytes(1000), "damaged"),
    ],
)
def test_archives_of_another_kind_are_refused(tmp_path, data, words):
    path = tmp_path / "a.checkpoint"
    path.write_bytes(data)

    with pytest.raises(FormatError, match=words):
        read_legacy_checkpoint(path)


def test_a_damaged_part_is_named(legacy, tmp_path):
    data = bytearray((legacy / FILES[2]).read_bytes())
    data[len(data) // 2] ^= 1
    path = tmp_path / "a.checkpoint"
    path.write_bytes(data)

    with pytest.raises(FormatError, match="damaged"):
        read_legacy_checkpoint(path)


def test_this_programs_own_checkpoints_need_no_import(checkpoint, tmp_path):
    write_checkpoint(tmp_path / "a", checkpoint)

    with pytest.raises(FormatError, match="GTS already"):
        read_legacy_checkpoint(tmp_path / "a")


def test_a_torch_with_known_holes_is_not_used(legacy, monkeypatch):
    monkeypatch.setattr(torch, "__version__", "2.9.1+cpu")

    with pytest.raises(MissingError) as caught:
        read_legacy_checkpoint(legacy / FILES[0])

    assert caught.value.exit_code == 3


def test_unreadable_files_are_named(tmp_path):
    with pytest.raises(FileError, match="no such file"):
        read_legacy_checkpoint(tmp_path / "none.checkpoint")
    with pytest.raises(FileError, match="is a folder"):
        read_legacy_checkpoint(tmp_path)
