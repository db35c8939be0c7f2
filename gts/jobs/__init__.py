"""Work that takes long: the trainings of a workspace, each with a folder that holds all there is to know about it."""
