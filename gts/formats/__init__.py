"""Files: specs, spaces, checkpoints, and the checkpoints of the original programs.

Reading is strict and says everything that is wrong with a file at once, each thing with its line and column. Writing is
durable. Nothing that is read is ever executed.
"""
