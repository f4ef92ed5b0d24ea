"""./quire cc: a POSIX C file outside the tree becomes a Quire executable."""
import os
import subprocess

from . import build
from .common import BUILD, TOP

MACHINE = ["-march=rv32imac", "-mabi=ilp32", "--specs=picolibc.specs"]


def compile_flags():
    lib = os.path.join(TOP, "user", "lib", "include")
    return MACHINE + ["-I" + lib, "-isystem", os.path.join(TOP, "user", "include"),
                      "-isystem", os.path.join(TOP, "kernel", "include"), "-D__quire__=1",
                      "-ffunction-sections", "-fdata-sections"]


def link_flags():
    crt0 = os.path.join(BUILD, "user", "lib", "CMakeFiles", "quire_crt0.dir", "start", "crt0.S.obj")
    return ["-nostartfiles", "-T" + os.path.join(TOP, "user", "lib", "program.ld"), "-Wl,--gc-sections",
            "-Wl,--build-id=none", "-Wl,-z,max-page-size=4096", crt0,
            "-Wl,--start-group", os.path.join(BUILD, "user", "lib", "libquire_c.a"), "-lc", "-lm", "-lgcc",
            "-Wl,--end-group"]


def main(arguments):
    build.target()
    stops_early = any(a in ("-c", "-S", "-E", "-M", "-MM", "-fsyntax-only", "--version") or
                      a.startswith("-print-") for a in arguments)
    # pthread and the rest are part of the one library.
    arguments = [a for a in arguments if a not in ("-pthread", "-lpthread", "-lrt", "-ldl")]
    command = ["riscv64-unknown-elf-gcc", *compile_flags(), *arguments]
    if not stops_early:
        command += link_flags()
    return subprocess.run(command).returncode
