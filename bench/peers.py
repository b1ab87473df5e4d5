"""What people write to have it from pstats: peers.py callstack FILE, peers.py merge OUT
FILE..."""
import pstats
import sys

what, first, *others = sys.argv[1:]
if what == "callstack":
    pstats.Stats(first).sort_stats("time", "name").print_stats()
elif what == "merge":
    pstats.Stats(*others).dump_stats(first)
