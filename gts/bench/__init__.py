"""Speed of worlds and learning beside the physical limit and other libraries: `gts bench`."""
