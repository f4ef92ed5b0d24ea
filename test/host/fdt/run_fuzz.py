#!/usr/bin/env python3
"""A bounded run of the fuzzer, the same each time: run_fuzz.py PROGRAM RUNS DIRECTORY

The corpus begins with one whole tree. To go on for as long as you like: PROGRAM DIRECTORY -max_len=4096.
"""
import os
import shutil
import subprocess
import sys

program, runs, directory = sys.argv[1:]
shutil.rmtree(directory, ignore_errors=True)
os.makedirs(directory)
subprocess.run([program, "-tree", f"{directory}/whole"], check=True)
sys.exit(subprocess.run([program, directory, "-seed=1", f"-runs={runs}", "-max_len=4096", "-timeout=60",
                         "-print_final_stats=1", f"-artifact_prefix={directory}/"]).returncode)
