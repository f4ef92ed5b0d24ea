#!/usr/bin/env python3
"""Runs a test program with one seed after another until it fails: what a mutant must do.

    hunt.py FIRST SEEDS PROGRAM [ARGUMENT]...   a SEED in the arguments stands for the number

Exit status 0 and the failure if the seed FIRST or one of 1 to SEEDS found something, 1 if none did.
"""
import subprocess
import sys

first, seeds, command = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
for seed in [first, *range(1, seeds + 1)]:
    run = subprocess.run([a.replace("SEED", str(seed)) for a in command], stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, errors="replace", timeout=240)
    if run.returncode:
        lines = [l for l in run.stdout.splitlines() if "FAILED" in l or "ERROR" in l or "runtime error" in l]
        if not lines:
            sys.exit(f"seed {seed}: status {run.returncode}, but no failure was told:\n{run.stdout}")
        print(f"seed {seed} finds it: {lines[0]}")
        sys.exit(0)
sys.exit(f"{seeds} seeds, and the defect was not noticed")
