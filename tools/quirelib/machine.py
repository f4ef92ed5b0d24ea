"""The machine: QEMU's command line, the firmware, and running one line of shell in it."""
import glob
import os
import select
import shutil
import signal
import subprocess
import sys
import time

from . import build, disk, trace
from .common import BUILD, ENDED_EARLY, MISSING, PANIC, TIMED_OUT, Failure

QEMU = "qemu-system-riscv32"
BEGIN = b"\x01QUIRE-BEGIN\x02"
END = b"\x01QUIRE-END "
PANIC_MARK = b"QUIRE PANIC:"


def qemu():
    path = shutil.which(QEMU)
    if not path:
        raise Failure(f"{QEMU} is not installed (package qemu-system-misc)", MISSING)
    return path


def firmware(chosen=None, folder=None):
    """An explicit file, else QEMU's own rv32 OpenSBI, else ours."""
    if chosen:
        if not os.path.isfile(chosen):
            raise Failure(f"--bios {chosen}: no such file", MISSING)
        return chosen
    for shared in ("/usr/share/qemu", "/usr/local/share/qemu", "/opt/homebrew/share/qemu"):
        for name in ("opensbi-riscv32-generic-fw_dynamic.bin",):
            if os.path.isfile(os.path.join(shared, name)):
                return os.path.join(shared, name)
    return os.path.join(folder or BUILD, "firmware.bin")


def command(harts, memory, image, bios, append, kernel_folder=None, serial="mon:stdio", extra=()):
    folder = kernel_folder or BUILD
    line = [qemu(), "-machine", "virt", "-smp", str(harts), "-m", memory, "-display", "none",
            "-serial", serial, "-no-reboot", "-bios", firmware(bios),
            "-kernel", os.path.join(folder, "kernel.elf"),
            "-initrd", os.path.join(BUILD, "initrd.cpio")]
    if append:
        line += ["-append", append]
    if image:
        line += ["-global", "virtio-mmio.force-legacy=false",
                 "-drive", f"file={image.replace(',', ',,')},format=raw,if=none,id=root",
                 "-device", "virtio-blk-device,drive=root"]
    return line + list(extra)


def percent_encode(line):
    """What may stand in one word of the kernel's command line stands for itself."""
    plain = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+:;="
    return "".join(chr(c) if c in plain else f"%{c:02x}" for c in line.encode())


class Filter:
    """Splits what the serial line says into the line's output and everything else (the log)."""

    def __init__(self, output, log):
        self.output, self.log = output, log
        self.pending = b""
        self.inside = False
        self.status = None
        self.panicked = False
        self.tail = b""

    def feed(self, data):
        self.pending += data
        self.tail = (self.tail + data)[-1024:]
        while self.pending and self.step():
            pass

    def step(self):
        if self.panicked:
            self.report(self.pending)
            self.pending = b""
            return False
        mark = END if self.inside else BEGIN
        at, panic = self.pending.find(mark), self.pending.find(PANIC_MARK)
        if panic >= 0 and not 0 <= at < panic:
            self.emit(self.pending[:panic])
            self.pending = self.pending[panic:]
            self.panicked = True
            return True
        if at < 0:
            keep = max((n for m in (mark, PANIC_MARK) for n in range(1, len(m))
                        if self.pending.endswith(m[:n])), default=0)
            self.emit(self.pending[:len(self.pending) - keep])
            self.pending = self.pending[len(self.pending) - keep:]
            return False
        if self.inside:
            end = self.pending.find(b"\x02", at)
            if end < 0:
                self.emit(self.pending[:at])
                self.pending = self.pending[at:]
                return False
            self.emit(self.pending[:at])
            self.status = int(self.pending[at + len(mark):end] or b"255")
            self.pending = self.pending[end + 1:]
        else:
            self.emit(self.pending[:at])
            self.pending = self.pending[at + len(mark):]
        self.inside = not self.inside
        return True

    def report(self, data):
        """The kernel's last words: for whoever started it, and not a part of the line's output."""
        self.log(data)
        sys.stderr.buffer.write(data)
        sys.stderr.flush()

    def emit(self, data):
        if self.inside:
            self.output(data)
        else:
            self.log(data)


def stop(process):
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def run_line(qemu_command, output, log, timeout=None):
    """Runs the machine to its end. The exit status of the line, or a Failure."""
    process = subprocess.Popen(qemu_command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, bufsize=0)
    sink = Filter(output, log)
    deadline = time.monotonic() + timeout if timeout else None
    panic_deadline = None
    try:
        while True:
            limits = [t for t in (deadline, panic_deadline) if t is not None]
            wait = max(0.0, min(limits) - time.monotonic()) if limits else None
            ready, _, _ = select.select([process.stdout], [], [], wait)
            if ready:
                data = os.read(process.stdout.fileno(), 65536)
                if not data:
                    break
                sink.feed(data)
                if sink.panicked and panic_deadline is None:
                    panic_deadline = time.monotonic() + 2  # the rest of the report
                continue
            if panic_deadline is not None:
                break
            raise Failure(f"the time was up ({timeout:g} s) before the line had finished", TIMED_OUT)
    finally:
        if sink.panicked:
            stop(process)
        elif deadline is not None and time.monotonic() >= deadline:
            stop(process)
    if sink.panicked:
        raise Failure("the kernel panicked", PANIC)
    process.wait()
    if sink.status is None:
        words = sink.tail.decode(errors="replace").strip().splitlines()
        raise Failure(f"the machine ended before the line had finished: {words[-1] if words else 'it said nothing'}",
                      process.returncode if process.returncode > 0 else ENDED_EARLY)
    return sink.status


def main(args):
    if args.smp < 1 or args.smp > 32:
        raise Failure("--smp takes 1 to 32: the kernel runs no more harts", 2)
    build.target()
    kernel_folder = None
    if args.debug:
        build.target_debug()
        kernel_folder = os.path.join(BUILD, "debug")
    image = args.disk or disk.default()
    if not os.path.isfile(image):
        raise Failure(f"--disk {image}: no such file", MISSING)
    for spec in args.add:
        disk.add(image, spec)
    extra = []
    if args.icount:
        extra += ["-icount", "shift=0,sleep=off"]
    if args.gdb:
        extra += ["-s", "-S"]
        print(f"quire: waiting for GDB: gdb-multiarch -ex 'target remote :1234' "
              f"{os.path.join(kernel_folder or BUILD, 'kernel.elf')}", file=sys.stderr)
    line = args.line
    if args.trace:
        if line is None:
            raise Failure("--trace goes with --exec", 2)
        line = trace.wrap(line)
    if line is None:
        words = command(args.smp, args.memory, image, args.bios, "", kernel_folder, extra=extra)
        if args.timeout:
            try:
                return subprocess.run(words, timeout=args.timeout).returncode
            except subprocess.TimeoutExpired:
                raise Failure(f"the time was up ({args.timeout:g} s)", TIMED_OUT)
        # QEMU takes the terminal over: Ctrl-A X leaves it.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        return subprocess.run(words).returncode
    append = "exec=" + percent_encode(line)
    if len(append) > 2000:
        raise Failure("the line is too long for the kernel's command line", 2)
    words = command(args.smp, args.memory, image, args.bios, append, kernel_folder, extra=extra)
    with open(os.path.join(BUILD, "run.log"), "wb") as log_file:
        def log(data):
            log_file.write(data)
            log_file.flush()

        out = sys.stdout.buffer
        collected = bytearray()

        def output(data):
            if args.trace:
                collected.extend(data)
                return
            out.write(data)
            out.flush()

        try:
            status = run_line(words, output, log, args.timeout)
        except Failure as failure:
            print(f"quire: boot messages and the kernel's log are in {log_file.name}", file=sys.stderr)
            raise failure
        if args.trace:
            out.write(trace.export(bytes(collected), args.trace))
            out.flush()
        return status
