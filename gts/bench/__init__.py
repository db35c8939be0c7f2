"""Benchmark of worlds and training against the physical limit and other libraries: `gts bench`.

May import `training` and everything below it; other libraries are imported when they are measured.
"""
