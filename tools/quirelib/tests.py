"""./quire test: ctest over everything."""
import os
import subprocess

from . import build
from .common import BUILD


def main(args):
    build.target()
    build.target_debug()
    build.host()
    command = ["ctest", "--test-dir", os.path.join(BUILD, "host"), "--output-on-failure",
               "-j", str(max(1, min(4, os.cpu_count() or 1)))]
    if args.regex:
        command += ["-R", args.regex]
    if args.label:
        command += ["-L", args.label]
    if args.list:
        command += ["-N"]
    if args.repeat > 1:
        command += ["--repeat", f"until-fail:{args.repeat}"]
    environment = dict(os.environ)
    if args.bios:
        environment["QUIRE_BIOS"] = os.path.abspath(args.bios)
    return subprocess.run(command, env=environment).returncode
