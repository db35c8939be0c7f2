"""The mode `editor`: specs and spaces as text, form and difference. Imports are limited as for `gts_tui.screens`."""
