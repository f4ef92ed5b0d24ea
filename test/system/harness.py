"""The bench a system test works at: an image, a machine, and what must hold at the end."""
import os

from quirelib import disk, machine
from quirelib.common import BUILD

BIOS = os.environ.get("QUIRE_BIOS")


class Bench:
    def __init__(self, folder, harts, debug, block):
        self.folder, self.harts, self.block = folder, harts, block
        self.kernel_folder = os.path.join(BUILD, "debug") if debug else BUILD
        self.image = os.path.join(folder, "disk.img")
        self.said = b""
        self.extra = []  # more of QEMU's options, such as a disk of another kind

    def make_image(self, size="64M", tree=None, inodes=None):
        disk.make(self.image, size, self.block, tree, inodes)

    def command(self, append, memory="128M", image=True, extra=()):
        return machine.command(self.harts, memory, self.image if image else None, BIOS, append,
                               self.kernel_folder, extra=[*self.extra, *extra])

    def run(self, line, timeout=900, memory="128M", image=True, status=0):
        """Runs a line of shell; its output. Fails on any other status."""
        output = bytearray()

        def keep(data):
            self.said += data

        def take(data):
            output.extend(data)
            self.said += data

        got = machine.run_line(self.command("exec=" + machine.percent_encode(line), memory, image), take,
                               keep, timeout)
        assert status is None or got == status, f"status {got}, not {status}, of: {line}"
        return bytes(output).decode(errors="replace")

    def check_line(self, line, baseline="files", timeout=900, memory="128M", attached=True, sync=True):
        """Runs a line between a saved baseline and the checker; the image must be sound afterwards.
        Not attached: the disk is among the extra options. No sync: where the disk refuses it."""
        whole = (f"set -e; t-promise baseline save /tmp/baseline; {line}; {'sync; ' if sync else ''}"
                 f"t-promise baseline {baseline} /tmp/baseline; check")
        output = self.run(whole, timeout, memory, attached)
        assert "0 invariants broken" in output, "the checker found broken invariants"
        disk.check(self.image)
        return output

    def dump(self, path):
        """The bytes of a file of the image."""
        target = os.path.join(self.folder, "dump")
        if os.path.exists(target):
            os.remove(target)
        disk.debugfs(self.image, [f'dump "{path}" "{target}"'])
        assert os.path.exists(target), f"{path} is not on the disk"
        with open(target, "rb") as f:
            return f.read()
