"""The workspace mode: a tree of files and runs, and a page about the selected item."""
