"""What all tests run under: the R library that the Makefile made, also when pytest is started by hand."""

import os
from pathlib import Path

os.environ.setdefault("R_LIBS_USER", str(Path(__file__).parents[1] / ".rlib"))
