"""Motion of a figure as files for other programs: glTF, USD, BVH, CSV. May import MuJoCo and the rest of playback."""
