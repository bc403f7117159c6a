"""What every test shares: hypothesis without time limits (machines differ), and the same examples on every CI run."""

import os

from hypothesis import settings

settings.register_profile("lintas", deadline=None, derandomize=bool(os.environ.get("CI")), print_blob=True)
settings.load_profile("lintas")
