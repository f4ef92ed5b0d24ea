#!/usr/bin/env python3
"""Check one Spin model, or one mutant of it, exhaustively.

    run_model.py MODEL.pml [-DMACRO[=VALUE]]... [--mutant] [--claim NAME]

Generates and compiles the verifier in a temporary directory, runs it and prints the state count.
A model passes when the whole state space was searched without an error. A mutant (--mutant) passes
only when an error *was* found, and its shortest trail is printed: a model in which a known bug goes
unseen proves nothing. With --claim the named ltl formula is checked under weak fairness instead of
the assertions and end states.
"""

import argparse
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("-D", dest="defines", action="append", default=[], metavar="MACRO")
    parser.add_argument("--mutant", action="store_true", help="an error must be found")
    parser.add_argument("--claim", help="ltl formula to check under weak fairness")
    parser.add_argument("--depth", type=int, default=3000000, help="longest path, in steps")
    parser.add_argument("--memory", type=int, default=2048, help="limit in MiB")
    parser.add_argument("--spin", default="spin")
    parser.add_argument("--cc", default="gcc")
    parser.add_argument("--trail-lines", type=int, default=80)
    return parser.parse_args()


def run(command, directory):
    """Run a tool that has to succeed; its output is the explanation if it does not."""
    result = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{result.stdout}{result.stderr}")
    return result.stdout


def verify(arguments, directory):
    """Build the verifier and return what it says."""
    model = shutil.copy(arguments.model, directory)
    name = pathlib.Path(model).name
    defines = [f"-D{macro}" for macro in arguments.defines]
    run([arguments.spin, "-a", *defines, name], directory)

    options = ["-DCOLLAPSE", f"-DMEMLIM={arguments.memory}", "-DVECTORSZ=1024"]
    command = ["./pan", f"-m{arguments.depth}"]
    if arguments.claim:
        options.append("-DNFAIR=5")
        command += ["-a", "-f", "-N", arguments.claim]
    else:
        options += ["-DSAFETY", "-DNOCLAIM"]
        if arguments.mutant:
            # Breadth first: the first error found is a shortest one.
            options = [o for o in options if o != "-DCOLLAPSE"] + ["-DBFS"]
    run([arguments.cc, "-O2", "-w", *options, "-o", "pan", "pan.c"], directory)
    return subprocess.run(command, cwd=directory, capture_output=True, text=True,
                          check=False).stdout, name, defines


def show_trail(arguments, directory, name, defines):
    """Print the steps that lead to the error, without the stack of inlined sub-sequences."""
    trail = subprocess.run([arguments.spin, "-t", "-p", *defines, name], cwd=directory,
                           capture_output=True, text=True, check=False).stdout
    steps = [line.rstrip() for line in trail.splitlines()
             if "[sub-sequence]" not in line and ".(goto)" not in line]
    for line in steps[-arguments.trail_lines:]:
        print(line)


def main():
    arguments = parse_arguments()
    with tempfile.TemporaryDirectory(prefix="quire-model-") as directory:
        output, name, defines = verify(arguments, directory)
        errors = re.search(r"errors: (\d+)", output)
        states = re.search(r"^\s*([\d.e+]+) states, stored", output, re.MULTILINE)
        memory = re.search(r"^\s*([\d.]+)\s+total actual memory", output, re.MULTILINE)
        title = " ".join([name, *defines] + ([f"claim {arguments.claim}"] if arguments.claim else []))
        if not errors or not states:
            sys.exit(f"{title}: the verifier did not finish:\n{output}")

        found = int(errors.group(1)) > 0
        print(f"{title}: {int(float(states.group(1)))} states, {memory.group(1)} MB, "
              f"{errors.group(1)} errors")
        if found:
            print("\n".join(line for line in output.splitlines() if line.startswith("pan:")))
            show_trail(arguments, directory, name, defines)
        if arguments.mutant:
            # A deadlock would be an accident of the model: a seeded bug breaks a stated property.
            if "assertion violated" not in output and "acceptance cycle" not in output:
                sys.exit(f"{title}: this mutant is wrong on purpose, and the model did not see it")
            return
        if found:
            sys.exit(1)
        # Anything that cut the search short would make "no errors" worthless.
        for excuse in ("max search depth too small", "out of memory", "Search not completed",
                       "aborting"):
            if excuse in output:
                sys.exit(f"{title}: search incomplete ({excuse})\n{output}")


if __name__ == "__main__":
    main()
