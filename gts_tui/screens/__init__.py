"""The seven modes, one a file; each file's MODE is its class, loaded when it is first shown."""
