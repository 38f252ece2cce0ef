"""``python -I -S .../resident/__main__.py PLAN``: be the resident process of a pilot that is prepared.

Started by path and without ``site``, which keeps it small; so it finds its own package.
"""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))  # noqa: PTH100, PTH120

from ospilot.resident.loop import main

sys.exit(main(sys.argv[1]))
