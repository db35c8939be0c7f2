"""Editing of specs and spaces: what stands where in a text, what it means, how it is changed and kept. Widgets lie beside."""
