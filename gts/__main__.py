"""`python -m gts`."""

import sys

from gts.cli import main

if __name__ == "__main__":
    sys.exit(main())
