"""Looking at what was learned: in a window, in a terminal, as a stream, as a video, as motion for other programs."""
