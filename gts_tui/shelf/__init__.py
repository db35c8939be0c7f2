"""What the mode `workspace` is made of: reading what a workspace has, the tree of it, and a page about one thing."""
