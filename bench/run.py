"""``python bench/run.py``: measure what ospilot costs and print it beside bare HTCondor and the budgets.

Started by path, so it finds its own package.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.main import main

if __name__ == "__main__":
    sys.exit(main())
