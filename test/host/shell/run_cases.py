"""Runs the shell's and the programs' cases against native builds of them.

A case file is a sequence of

    == what the case is about
    the script
    -- STATUS [no newline]
    what it prints
    -- stderr
    what it prints there (only where the case says so)

Every case runs in a fresh empty directory, with the programs under test first in PATH. A report of
a sanitizer fails the case whatever it expects.
"""
import argparse
import os
import re
import subprocess
import sys
import tempfile


class Case:
    def __init__(self, name):
        self.name = name
        self.script = ""
        self.status = None
        self.stdout = ""
        self.stderr = None


def parse(path):
    cases = []
    part = None
    with open(path, encoding="latin-1", newline="") as f:
        for line in f:
            if line.startswith("== "):
                cases.append(Case(line[3:].strip()))
                part = "script"
            elif re.match(r"-- \d", line):
                words = line[3:].split()
                cases[-1].status = int(words[0])
                cases[-1].no_newline = words[1:] == ["no", "newline"]
                part = "stdout"
            elif line == "-- stderr\n":
                cases[-1].stderr = ""
                part = "stderr"
            elif part:
                setattr(cases[-1], part, getattr(cases[-1], part) + line)
    for case in cases:
        if case.status is None:
            sys.exit(f"{path}: case '{case.name}' has no status")
        if case.no_newline:
            case.stdout = case.stdout[:-1]
    return cases


def run(case, shell, bin_dir, directory):
    env = {
        "PATH": bin_dir + ":/usr/bin:/bin",
        "HOME": "/home/user",
        "LC_ALL": "C",
        "TZ": "UTC0",
        "ASAN_OPTIONS": "detect_leaks=0",
    }
    return subprocess.run(
        ["sh", "-c", case.script], executable=shell, cwd=directory, env=env,
        stdin=subprocess.DEVNULL, capture_output=True, encoding="latin-1", timeout=60)


def problems(case, result):
    found = []
    if result.returncode != case.status:
        found.append(f"status {result.returncode}, expected {case.status}")
    if result.stdout != case.stdout:
        found.append(f"printed {result.stdout!r},\n    expected {case.stdout!r}")
    if case.stderr is not None and result.stderr != case.stderr:
        found.append(f"stderr {result.stderr!r},\n    expected {case.stderr!r}")
    if "AddressSanitizer" in result.stderr or "runtime error" in result.stderr:
        found.append("sanitizer report")
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", required=True, help="folder of the native programs, sh among them")
    parser.add_argument("-k", help="only cases whose name contains this")
    parser.add_argument("files", nargs="+")
    args = parser.parse_args()
    bin_dir = os.path.abspath(args.bin)
    shell = os.path.join(bin_dir, "sh")
    failed = 0
    ran = 0
    for path in args.files:
        for case in parse(path):
            if args.k and args.k not in case.name:
                continue
            ran += 1
            with tempfile.TemporaryDirectory() as temporary:
                directory = os.path.join(temporary, "w")
                os.mkdir(directory)
                try:
                    result = run(case, shell, bin_dir, directory)
                    found = problems(case, result)
                    stderr = result.stderr
                except subprocess.TimeoutExpired:
                    found, stderr = ["did not end within 60 s"], ""
            if found:
                failed += 1
                print(f"FAILED: {case.name}")
                for text in found:
                    print("  " + text)
                if stderr and case.stderr is None:
                    print("  stderr: " + stderr[:2000])
    print(f"{ran} cases, {failed} failed")
    sys.exit(1 if failed or not ran else 0)


if __name__ == "__main__":
    main()
