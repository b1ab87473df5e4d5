"""What goes wrong in the profiler goes into the log, and nowhere else."""

import logging

logger = logging.getLogger("cprof")


def warn(text):
    logger.warning("cprof: %s", text)
