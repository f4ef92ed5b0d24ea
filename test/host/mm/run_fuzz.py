#!/usr/bin/env python3
"""A bounded run of a libFuzzer program, the same each time: run_fuzz.py PROGRAM RUNS DIRECTORY

The corpus to begin with is made here: a few inputs of random bytes, from fixed seeds, some of them with few
different bytes so that operations repeat. To go on for as long as you like: PROGRAM DIRECTORY -max_len=4096.
"""
import os
import random
import shutil
import subprocess
import sys

program, runs, directory = sys.argv[1:]
shutil.rmtree(directory, ignore_errors=True)
os.makedirs(directory)
for seed in range(12):
    chance = random.Random(seed)
    letters = bytes(chance.randrange(256) for _ in range((4, 16, 256)[seed % 3]))
    with open(f"{directory}/start-{seed:02}", "wb") as file:
        file.write(bytes(chance.choice(letters) for _ in range(64 << seed % 6)))
sys.exit(subprocess.run([program, directory, "-seed=1", f"-runs={runs}", "-max_len=4096", "-timeout=60",
                         "-print_final_stats=1", f"-artifact_prefix={directory}/"]).returncode)
