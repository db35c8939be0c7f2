"""The numbers of trainings for the screen: read in the watcher's thread, gathered over members, turned into plots."""
