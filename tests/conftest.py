"""What all tests run under."""

import os
import signal
from pathlib import Path

from hypothesis import HealthCheck, settings

# The R library that the Makefile made, also when pytest is started by hand.
os.environ.setdefault("R_LIBS_USER", str(Path(__file__).parents[1] / ".rlib"))

# The same examples at every run, however slow the machine: what fails today fails by what was changed.
settings.register_profile(
    "steady", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("steady")

# Jobs in the background ignore these and so do all they start; what tests interrupt shall hear of it.
for number, action in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, action)
