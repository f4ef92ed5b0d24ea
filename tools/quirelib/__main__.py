"""./quire: the commands and their options."""
import argparse
import sys

from . import bench, build, cc, machine, tests
from .common import Failure


def run_options(parser):
    parser.add_argument("--exec", dest="line", metavar="'CMD; CMD'",
                        help="run the line in the shell, print only its output, exit with its status")
    parser.add_argument("--smp", type=int, default=4, metavar="N", help="harts (default 4)")
    parser.add_argument("--memory", default="128M", metavar="M", help="RAM (default 128M)")
    parser.add_argument("--disk", metavar="FILE",
                        help="an ext2 image, used in place (default: one kept under build/)")
    parser.add_argument("--bios", metavar="FILE",
                        help="SBI firmware (default: QEMU's rv32 OpenSBI if it ships one, else Quire's own)")
    parser.add_argument("--add", action="append", default=[], metavar="FILE[:PATH]",
                        help="copy a host file into the image first (repeatable)")
    parser.add_argument("--gdb", action="store_true",
                        help="wait for GDB on port 1234 before the first instruction")
    parser.add_argument("--icount", action="store_true",
                        help="count instructions as time: one instruction is one nanosecond")
    parser.add_argument("--trace", metavar="FILE",
                        help="record faults, shootdowns, IPC and switches; write Chrome trace JSON")
    parser.add_argument("--timeout", type=float, metavar="S", help="give up after S seconds")
    parser.add_argument("--debug", action="store_true",
                        help="the kernel with lock-order checks, junk fill and debug assertions")


def main():
    parser = argparse.ArgumentParser(prog="quire", description="Build, run and test Quire.",
        epilog="Exit statuses of run, besides the line's own: 69 something is missing, 70 the kernel "
               "panicked, 71 the machine ended without finishing the line, 124 the time was up.")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    run = commands.add_parser("run", help="boot to the shell, or run one line")
    run_options(run)
    test = commands.add_parser("test", help="everything in ctest")
    test.add_argument("-R", dest="regex", metavar="REGEX", help="only tests whose name matches")
    test.add_argument("-L", dest="label", metavar="REGEX", help="only tests with a label that matches")
    test.add_argument("--list", action="store_true", help="only list them")
    test.add_argument("--bios", metavar="FILE", help="firmware for the system tests")
    test.add_argument("--repeat", type=int, default=1, metavar="N", help="run each N times, stop at a failure")
    bench_parser = commands.add_parser("bench", help="the benchmark table, in instructions, beside the peers",
        description="All of test/bench/mmbench.c and the boot, counted in instructions, beside Linux's numbers, with "
                    "the functions of whatever is less than twice as fast. A minute on an idle host. Results: "
                    "build/bench/results.tsv.")
    bench_parser.add_argument("--groups", default="", help="only these groups: base mm file io ipc smp boot")
    bench_parser.add_argument("--profile", metavar="NAME", help="functions in which a benchmark spent its time")
    bench_parser.add_argument("--bios", metavar="FILE", help="SBI firmware")
    commands.add_parser("cc", help="the C compiler for Quire programs", add_help=False)
    commands.add_parser("build", help="build the kernel, the servers and the programs")

    # The compiler's arguments are its own, not ours to parse.
    if len(sys.argv) > 1 and sys.argv[1] == "cc":
        return cc.main(sys.argv[2:])
    args = parser.parse_args()
    if args.command is None:
        parser.print_help()
        return 2
    if args.command == "build":
        build.target()
        return 0
    return {"run": machine.main, "test": tests.main, "bench": bench.main}[args.command](args)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failure as failure:
        print(f"quire: {failure}", file=sys.stderr)
        sys.exit(failure.status)
    except KeyboardInterrupt:
        sys.exit(130)
