"""The commands of GTS, declared once for shell, command line, palette, key help and reference pages.

Modules hold declarations, results and the functions that do the work; they print nothing, may import `gts.jobs`, `gts.store`,
`gts.formats` and `gts.params` at the top, and import everything heavier inside `run`.
"""
