#!/usr/bin/python3
"""Run the SBI payload on a firmware in QEMU and judge the outcome.

Every case is one boot with a time limit. It passes when QEMU ends with the expected status, all
expected lines were printed and none begins with FAIL. Exit status 0 when every case passed.
"""

import argparse
import subprocess
import sys
import time

PASSES = 11  # tests in the payload's table; fewer lines mean that it did not get to its end


def cases(harts, reports_failure):
    """Name, QEMU options, expected status, expected lines."""
    for n in harts:
        yield f"{n} harts", ["-smp", str(n)], 0, []
    yield "no timer in S mode", ["-smp", "2", "-cpu", "rv32,sstc=off"], 0, []
    yield "reboot", ["-smp", "2", "-append", "end=reboot"], 0, ["rebooting", "rebooted"]
    if reports_failure:
        yield "failing end", ["-smp", "2", "-append", "end=fail"], 1, []
    yield "much memory", ["-smp", "2", "-m", "1G"], 0, []


def run(args, name, options, status, lines):
    command = [args.qemu, "-machine", "virt", "-m", "128M", "-nographic", "-nodefaults",
               "-serial", "stdio", "-bios", args.firmware, "-kernel", args.payload, *options]
    begun = time.monotonic()
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=args.timeout, check=False)
        output, got = done.stdout, done.returncode
    except subprocess.TimeoutExpired as late:
        output, got = late.stdout or b"", "none in time"
    printed = output.decode("latin-1").replace("\r", "").split("\n")

    wrong = []
    if got != status:
        wrong.append(f"exit status {got}, expected {status}")
    wrong += [line for line in printed if line.startswith("FAIL")]
    wrong += [f"missing line: {line}" for line in lines if line not in printed]
    passes = sum(line.startswith("PASS") for line in printed)
    if passes < PASSES:
        wrong.append(f"{passes} tests passed of {PASSES}")

    print(f"{'FAIL' if wrong else 'PASS'} {name} ({time.monotonic() - begun:.1f} s)", flush=True)
    if wrong:
        print("    " + "\n    ".join(wrong))
        print("    output:\n        " + "\n        ".join(printed))
    return not wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--firmware", required=True, help="raw image for QEMU's -bios")
    parser.add_argument("--payload", required=True, help="firmware-payload.elf")
    parser.add_argument("--smp", default="1,2,4,8", help="numbers of harts, by comma")
    parser.add_argument("--no-failing-end", action="store_true",
                        help="the firmware ends QEMU with 0 even for a system failure (OpenSBI)")
    parser.add_argument("--qemu", default="qemu-system-riscv32")
    parser.add_argument("--timeout", type=float, default=600, help="seconds for one boot")
    args = parser.parse_args()

    harts = [int(n) for n in args.smp.split(",")]
    outcomes = [run(args, *case) for case in cases(harts, not args.no_failing_end)]
    return 0 if all(outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
