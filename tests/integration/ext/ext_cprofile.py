"""cProfile, as the tests compare with it."""

import cProfile


class WithoutBuiltins(cProfile.Profile):
    """From 3.14 on enable() forgets what the constructor was told."""

    def enable(self):
        super().enable(builtins=False)
