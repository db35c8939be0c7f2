"""Worlds and figures, on MuJoCo.

May import `params` and `errors`; only this package and `playback` import MuJoCo.
"""
