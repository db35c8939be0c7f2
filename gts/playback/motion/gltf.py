"""Motion as glTF 2.0, binary: https://registry.khronos.org/glTF/specs/2.0/glTF-2.0.html

Metres, seconds, right-handed, y up. The nodes are the tree of bodies, each animated relative to its parent with one key per
frame; geoms are meshes of child nodes. A ground of squares of 1 m lies below.
"""

from __future__ import annotations

import io
import json
import struct
from typing import Any

import mujoco
import numpy as np
from numpy.typing import NDArray

from gts import __version__
from gts.playback.motion.meshes import TriangleMesh, make_geom_mesh
from gts.playback.motion.motion_recording import Floats, MotionRecording, align_quaternion_signs, body_name, geom_name
from gts.playback.rotations import Y_UP, Y_UP_QUATERNION, invert_quaternions, multiply_quaternions, rotate_vectors

_BYTE, _UNSIGNED, _FLOAT = 5121, 5125, 5126
_CHECKER_COLOURS = np.array([[[158, 168, 178], [120, 133, 148]], [[120, 133, 148], [158, 168, 178]]], np.uint8)
_MARGIN = 10.0
"""Extent of the ground beyond the figure's path, m."""
_MIN_MOVEMENT = 1e-9
"""Smallest animated movement, in m or quaternion components."""
_DEFAULT_RGBA = np.array([0.5, 0.5, 0.5, 1], np.float32)
"""MuJoCo's default colour; geoms of this colour take that of their material."""
_VISIBLE_GROUPS = 3
"""Geoms of groups below this are drawn, as in MuJoCo's viewer."""


def write_gltf(motion: MotionRecording) -> bytes:
    """Encode as .glb."""
    document = _GltfDocument(motion.name)
    moves = _compute_relative_poses(motion)
    for body in range(1, motion.model.nbody):
        _add_body(document, motion, body, *moves[body])
    for geom in np.flatnonzero(motion.model.geom_bodyid == 0):
        _add_geom(document, motion.model, int(geom), parent=None)
    _add_ground(document, motion)
    document.add_animation(motion)
    return document.to_bytes()


class _GltfDocument:
    """A glTF document under construction, with its one buffer."""

    def __init__(self, name: str) -> None:
        self._bytes = bytearray()
        self._materials: dict[tuple[object, ...], int] = {}
        self._tracks: list[tuple[int, str, Floats]] = []
        self.json: dict[str, Any] = {
            "asset": {"version": "2.0", "generator": f"GTS {__version__}"},
            "scene": 0,
            "scenes": [{"name": name, "nodes": []}],
            **{key: [] for key in ("nodes", "meshes", "materials", "accessors", "bufferViews", "buffers")},
        }
        self._bodies: dict[int, int] = {}

    def add_node(self, node: dict[str, Any], parent: int | None, body: int | None = None) -> None:
        """Add a node under that of the body `parent`; `body` is its own id if it is a body."""
        number = len(self.json["nodes"])
        self.json["nodes"].append(node)
        siblings = self.json["scenes"][0]["nodes"]
        if parent is not None:
            siblings = self.json["nodes"][self._bodies[parent]].setdefault("children", [])
        siblings.append(number)
        if body is not None:
            self._bodies[body] = number

    def add_track(self, body: int, path: str, values: Floats) -> None:
        """Set a property of a body's node per frame; animated only if it changes."""
        node = self.json["nodes"][self._bodies[body]]
        node[path] = [float(value) for value in values[0]]
        if np.ptp(values, axis=0).max() > _MIN_MOVEMENT:
            self._tracks.append((self._bodies[body], path, values))

    def add_mesh(self, mesh: TriangleMesh, material: int, texture_coordinates: Floats | None = None) -> int:
        """Add a mesh with optional texture coordinates, (V, 2); returns its index."""
        attributes = {
            "POSITION": self._add_accessor(mesh.points, "VEC3", bounds=True),
            "NORMAL": self._add_accessor(mesh.normals, "VEC3"),
        }
        if texture_coordinates is not None:
            attributes["TEXCOORD_0"] = self._add_accessor(texture_coordinates.astype(np.float32), "VEC2")
        indices = self._add_accessor(mesh.triangles.ravel(), "SCALAR")
        self.json["meshes"].append({"primitives": [{"attributes": attributes, "indices": indices, "material": material}]})
        return len(self.json["meshes"]) - 1

    def add_material(self, rgba: NDArray[np.float32], **more: Any) -> int:
        """Add a material of an sRGB colour; returns its index."""
        key = (*(round(float(part), 4) for part in rgba), *sorted(more))
        if key not in self._materials:
            linear = np.where(rgba[:3] <= 0.04045, rgba[:3] / 12.92, ((rgba[:3] + 0.055) / 1.055) ** 2.4)
            factor = [round(float(part), 6) for part in (*linear, rgba[3])]
            surface = {"baseColorFactor": factor, "metallicFactor": 0.0, "roughnessFactor": 0.6, **more}
            seen_through = {"alphaMode": "BLEND"} if rgba[3] < 1 else {}
            self._materials[key] = len(self.json["materials"])
            self.json["materials"].append({"pbrMetallicRoughness": surface, **seen_through})
        return self._materials[key]

    def add_checker_texture(self) -> dict[str, int]:
        """Add a repeating texture of two by two squares; returns its reference."""
        from PIL import Image

        stream = io.BytesIO()
        # Viewers interpolate between pixels, so squares of many pixels have sharp edges.
        Image.fromarray(_CHECKER_COLOURS.repeat(64, axis=0).repeat(64, axis=1)).save(stream, "png", optimize=True)
        self.json["images"] = [{"bufferView": self._add_buffer_view(stream.getvalue()), "mimeType": "image/png"}]
        self.json["samplers"] = [{"magFilter": 9728, "minFilter": 9987, "wrapS": 10497, "wrapT": 10497}]
        self.json["textures"] = [{"source": 0, "sampler": 0}]
        return {"index": 0}

    def add_animation(self, motion: MotionRecording) -> None:
        """Add all tracks as one animation."""
        if not self._tracks:
            return
        times = self._add_accessor(motion.times.astype(np.float32), "SCALAR", bounds=True)
        samplers: list[dict[str, Any]] = []
        channels: list[dict[str, Any]] = []
        for node, path, values in self._tracks:
            kind = "VEC3" if path == "translation" else "VEC4"
            channels.append({"sampler": len(samplers), "target": {"node": node, "path": path}})
            output = self._add_accessor(values.astype(np.float32), kind)
            samplers.append({"input": times, "output": output, "interpolation": "LINEAR"})
        extras = {"framesPerSecond": motion.fps}
        self.json["animations"] = [{"name": motion.name, "samplers": samplers, "channels": channels, "extras": extras}]

    def to_bytes(self) -> bytes:
        """Encode header, JSON and buffer."""
        self.json["buffers"] = [{"byteLength": len(self._bytes)}]
        text = json.dumps(self.json, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 4)
        data = bytes(self._bytes) + bytes(-len(self._bytes) % 4)
        whole = 12 + 8 + len(text) + 8 + len(data)
        head = struct.pack("<4sII", b"glTF", 2, whole)
        return head + struct.pack("<I4s", len(text), b"JSON") + text + struct.pack("<I4s", len(data), b"BIN\0") + data

    def _add_accessor(self, values: NDArray[Any], kind: str, *, bounds: bool = False) -> int:
        values = np.ascontiguousarray(values)
        component = _FLOAT if values.dtype == np.float32 else _UNSIGNED
        accessor = {
            "bufferView": self._add_buffer_view(values.tobytes()),
            "componentType": component,
            "count": len(values),
            "type": kind,
        }
        if bounds:
            table = values.reshape(len(values), -1)
            accessor |= {"min": table.min(axis=0).tolist(), "max": table.max(axis=0).tolist()}
        self.json["accessors"].append(accessor)
        return len(self.json["accessors"]) - 1

    def _add_buffer_view(self, data: bytes) -> int:
        self._bytes += bytes(-len(self._bytes) % 4)
        self.json["bufferViews"].append({"buffer": 0, "byteOffset": len(self._bytes), "byteLength": len(data)})
        self._bytes += data
        return len(self.json["bufferViews"]) - 1


def _compute_relative_poses(motion: MotionRecording) -> list[tuple[Floats, Floats]]:
    """Positions, (T, 3), and rotations, (T, 4), of each body relative to its parent; those of root bodies with y up."""
    moves = [(motion.positions[:, 0], motion.rotations[:, 0])]
    for body in range(1, motion.model.nbody):
        parent = int(motion.model.body_parentid[body])
        place, rotation = motion.positions[:, body], motion.rotations[:, body]
        if parent == 0:
            moves.append((place @ Y_UP.T, multiply_quaternions(Y_UP_QUATERNION, rotation)))
            continue
        back = invert_quaternions(motion.rotations[:, parent])
        moves.append(
            (
                rotate_vectors(back, place - motion.positions[:, parent]),
                align_quaternion_signs(multiply_quaternions(back, rotation)),
            )
        )
    return moves


def _add_body(document: _GltfDocument, motion: MotionRecording, body: int, places: Floats, rotations: Floats) -> None:
    model = motion.model
    parent = int(model.body_parentid[body])
    document.add_node({"name": body_name(model, body)}, parent or None, body)
    document.add_track(body, "translation", places)
    document.add_track(body, "rotation", np.roll(rotations, -1, axis=1))
    first = int(model.body_geomadr[body])
    for geom in range(first, first + int(model.body_geomnum[body])):
        _add_geom(document, model, geom, parent=body)


def _add_geom(document: _GltfDocument, model: mujoco.MjModel, geom: int, parent: int | None) -> None:
    mesh = make_geom_mesh(model, geom)
    rgba = model.geom_rgba[geom]
    if model.geom_matid[geom] >= 0 and np.array_equal(rgba, _DEFAULT_RGBA):
        rgba = model.mat_rgba[model.geom_matid[geom]]
    if mesh is None or rgba[3] == 0 or model.geom_group[geom] >= _VISIBLE_GROUPS:
        return
    place, rotation = model.geom_pos[geom], model.geom_quat[geom]
    if parent is None:
        place, rotation = Y_UP @ place, multiply_quaternions(Y_UP_QUATERNION, rotation)
    node = {
        "name": geom_name(model, geom),
        "mesh": document.add_mesh(mesh, document.add_material(rgba)),
        "translation": place.tolist(),
        "rotation": np.roll(rotation, -1).tolist(),
    }
    document.add_node(node, parent)


def _add_ground(document: _GltfDocument, motion: MotionRecording) -> None:
    """Add a plane under the figure's whole path."""
    model = motion.model
    planes = np.flatnonzero((model.geom_type == mujoco.mjtGeom.mjGEOM_PLANE) & (model.geom_bodyid == 0))
    if not len(planes):
        return
    way = motion.positions[:, 1:, :2].reshape(-1, 2)
    # Whole pairs of squares keep the pattern in place for any path.
    (left, near), (right, far) = np.floor((way.min(axis=0) - _MARGIN) / 2) * 2, np.ceil((way.max(axis=0) + _MARGIN) / 2) * 2
    height = float(model.geom_pos[planes[0], 2])
    points = np.array([[left, near, height], [right, near, height], [right, far, height], [left, far, height]])
    up = np.broadcast_to([0.0, 0.0, 1.0], (4, 3))
    triangles = np.array([[0, 1, 2], [0, 2, 3]], np.uint32)
    mesh = TriangleMesh((points @ Y_UP.T).astype(np.float32), (up @ Y_UP.T).astype(np.float32), triangles)
    material = document.add_material(np.ones(4, np.float32), baseColorTexture=document.add_checker_texture())
    name = geom_name(model, int(planes[0]))
    document.add_node({"name": name, "mesh": document.add_mesh(mesh, material, points[:, :2] / 2)}, None)
