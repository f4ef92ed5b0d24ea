"""./quire bench: see test/bench/README.md."""
import os
import sys

from . import build
from .common import TOP, Failure


def main(args):
    build.target()
    folder = os.path.join(TOP, "test", "bench")
    if not os.path.isdir(folder):
        raise Failure("there is no benchmark in this tree")
    sys.path.insert(0, folder)
    import run_bench
    return run_bench.main(args)
