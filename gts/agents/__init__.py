"""The techniques, one per file: paper, equations, losses, class.

May import `data`, `nets`, `params`, `formats` and `errors`; knows no physics and no files of a workspace.
"""
