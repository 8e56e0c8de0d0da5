"""``python -m jwtfast.cli`` is ``jwtfast``."""

import sys

from jwtfast.cli import main

if __name__ == "__main__":
    sys.exit(main())
