"""Worlds and figures: the only room, with playback, that knows MuJoCo."""
