"""`python -m gts_tui` opens the terminal program."""

import sys

from gts_tui.start import main

sys.exit(main())
