#!/usr/bin/env python3
"""Runs one system test: boots Quire in QEMU on a fresh ext2 image, runs a line, and looks afterwards.

    run.py NAME --smp N [--debug] [--block SIZE]

Every test ends with the kernel's invariant checker (`check`), the counts back at their baseline, and
`e2fsck -fn` on the image. README.md tells how to add one.
"""
import argparse
import os
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.path.insert(0, os.path.join(HERE, "..", "..", "tools"))

import cases  # noqa: E402
from harness import Bench  # noqa: E402
from quirelib.common import Failure  # noqa: E402


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=sorted(cases.CASES))
    parser.add_argument("--smp", type=int, default=1)
    parser.add_argument("--debug", action="store_true", help="on the debug kernel")
    parser.add_argument("--block", type=int, default=4096, help="block size of the file system")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(folder, args.smp, args.debug, args.block)
        try:
            cases.CASES[args.name](bench)
        except (Failure, AssertionError) as failure:
            print(f"FAILED: {args.name} at {args.smp} harts: {failure}")
            print("the end of what the machine said:")
            print(bench.said[-3000:].decode(errors="replace"))
            return 1
    print(f"passed: {args.name} at {args.smp} harts")
    return 0


if __name__ == "__main__":
    sys.exit(main())
