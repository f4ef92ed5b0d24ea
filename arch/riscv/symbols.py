#!/usr/bin/env python3
"""Writes the kernel's symbol table into its finished image, for the backtrace of a panic.

For each function the table has its address, its name, the size of its stack frame, and where in the
frame the return address is saved; the last two are read off the function's prologue. The layout is
that of struct symbol in report.c. The section .symbols has a fixed size, so nothing moves.
"""
import argparse
import re
import struct
import subprocess


def functions(objdump, image):
    """Yields (address, name, instructions) in the order of the image."""
    text = subprocess.run([objdump, "-d", "--no-show-raw-insn", "-M", "no-aliases,numeric", image],
                          check=True, capture_output=True, text=True).stdout
    address, name, body = None, None, []
    for line in text.splitlines():
        head = re.match(r"([0-9a-f]+) <(.+)>:$", line)
        if head:
            if name:
                yield address, name, body
            address, name, body = int(head[1], 16), head[2], []
        elif line.startswith("c") and ":\t" in line:
            body.append(line.split("\t", 1)[1].split("#")[0].strip())
    if name:
        yield address, name, body


def frame_of(body):
    """(bytes of the frame, offset of the return address or None)."""
    size, constants = 0, {}
    saved = None
    for op in body:
        op = re.sub(r"^c\.", "", op)
        m = re.match(r"(?:addi16sp|addi)\s+x2,(?:x2,)?(-?\d+)$", op)
        if m and int(m[1]) < 0:
            size -= int(m[1])
            if saved is not None:
                saved -= int(m[1])
        m = re.match(r"lui\s+(x\d+),(0x[0-9a-f]+)$", op)
        if m:
            constants[m[1]] = int(m[2], 16) << 12
        m = re.match(r"addi\s+(x\d+),(?:(x\d+),)?(-?\d+)$", op)
        if m and (m[2] or m[1]) in constants:
            constants[m[1]] = constants[m[2] or m[1]] + int(m[3])
        m = re.match(r"(?:add|sub)\s+x2,(?:x2,)?(x\d+)$", op)
        if m and m[1] in constants:
            value = constants[m[1]] & 0xffffffff
            value = 0x100000000 - value if value >> 31 else value
            # Only the prologue's own: the epilogue adds what the prologue took.
            if op.startswith("sub") or constants[m[1]] & 0x80000000:
                size += value
                if saved is not None:
                    saved += value
        m = re.match(r"(?:swsp|sw)\s+x1,(\d+)\(x2\)$", op)
        if m and saved is None:
            saved = int(m[1])
    return size, saved


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objdump", required=True)
    parser.add_argument("image")
    args = parser.parse_args()
    with open(args.image, "r+b") as f:
        header = f.read(52)
        (shoff,) = struct.unpack_from("<I", header, 32)
        size, count, names_index = struct.unpack_from("<HHH", header, 46)

        def section(i):
            f.seek(shoff + i * size)
            return struct.unpack("<10I", f.read(40))

        names = section(names_index)
        room = None
        for i in range(count):
            s = section(i)
            f.seek(names[4] + s[0])
            if f.read(9) == b".symbols\0":
                room = s
        if room is None:
            raise SystemExit("symbols.py: the image has no section .symbols")
        table, strings = [], b""
        for address, name, body in functions(args.objdump, args.image):
            frame, saved = frame_of(body)
            table.append(struct.pack("<IIHH", address, len(strings), frame,
                                     0xffff if saved is None else saved))
            strings += name.encode() + b"\0"
        data = struct.pack("<I", len(table)) + b"".join(table) + strings
        if len(data) > room[5]:
            raise SystemExit("symbols.py: %d bytes do not fit .symbols' %d" % (len(data), room[5]))
        f.seek(room[4])
        f.write(data + b"\0" * (room[5] - len(data)))


if __name__ == "__main__":
    main()
