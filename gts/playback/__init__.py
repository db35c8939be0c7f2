"""Playback of policies and trajectories: in a window or terminal, as a stream, a video or motion files.

May import agents, physics, formats and MuJoCo; the modules that draw in a terminal load neither torch nor MuJoCo.
"""
