"""Feeds the shell damaged scripts: the cases with characters cut out, doubled and exchanged.

Whatever it makes of them, it must end, and without a sanitizer report. They are parsed with -n, so
that nothing in them is run. The choice of damage is the same every time.
"""
import argparse
import os
import random
import subprocess
import sys

import run_cases

ROUNDS = 6
NOISE = "$`\"'(){}<>|&;\\\n#*[]!=~ \t\0\xff"


def mangle(script, rng):
    text = list(script)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(text) + 1)
        kind = rng.randrange(4)
        if kind == 0 and text:
            del text[at:at + rng.randint(1, 5)]
        elif kind == 1:
            text.insert(at, rng.choice(NOISE))
        elif kind == 2:
            text[at:at] = text[:rng.randint(0, 20)]
        else:
            del text[at:]
    return "".join(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("files", nargs="+")
    args = parser.parse_args()
    shell = os.path.join(os.path.abspath(args.bin), "sh")
    env = {"PATH": "/nonexistent", "LC_ALL": "C", "ASAN_OPTIONS": "detect_leaks=0"}
    rng = random.Random(args.seed)
    ran = 0
    for path in args.files:
        for case in run_cases.parse(path):
            for _ in range(ROUNDS):
                script = mangle(case.script, rng)
                try:
                    result = subprocess.run([shell, "-n"], input=script.encode("latin-1"), env=env,
                                            capture_output=True, timeout=30)
                except subprocess.TimeoutExpired:
                    sys.exit(f"FAILED: no end for {script!r}")
                ran += 1
                if result.returncode not in (0, 2) or b"Sanitizer" in result.stderr:
                    sys.exit(f"FAILED: status {result.returncode} for {script!r}:\n"
                             + result.stderr.decode("latin-1"))
                if result.returncode == 2 and result.stderr.count(b"\n") > 1 \
                        and result.stderr.count(b"syntax error") > 1:
                    sys.exit(f"FAILED: more than one error for {script!r}:\n"
                             + result.stderr.decode("latin-1"))
    print(f"{ran} damaged scripts")


if __name__ == "__main__":
    main()
