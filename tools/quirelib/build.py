"""Configures what is not configured and builds what is stale; quiet unless it fails."""
import os
import shutil
import subprocess
import sys

from .common import BUILD, TOP, MISSING, Failure


def quietly(command, what):
    done = subprocess.run(command, cwd=TOP, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        sys.stderr.buffer.write(done.stdout)
        sys.stderr.flush()
        raise Failure(f"{what} failed (its output is above)")


def preset(name, folder):
    if not os.path.exists(os.path.join(folder, "build.ninja")):
        if not shutil.which("cmake"):
            raise Failure("cmake is not installed", MISSING)
        quietly(["cmake", "--preset", name, "-B", folder], f"configuring {folder}")
    quietly(["cmake", "--build", folder], f"building {folder}")


def target():
    preset("target", BUILD)


def target_debug():
    """The checked kernel; programs are the same as target's."""
    preset("target-debug", os.path.join(BUILD, "debug"))


def host():
    preset("host", os.path.join(BUILD, "host"))
