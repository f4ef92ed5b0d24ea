"""QEMU's log of writes and flushes (blklogwrites), and the disk as a power cut may leave it.

The log is that of Linux's dm-log-writes: a superblock, then one entry a request, header and data, in
the order in which the requests arrived. A disk with a write cache keeps what a completed flush covers;
of the writes since then any part may be there, sector by sector, in any order.
"""
import struct

MAGIC = 0x6A736677736872
SECTOR = 512
FLUSH, FUA, DISCARD = 1, 2, 4


class Entry:
    def __init__(self, start, sector, flags, data):
        self.start = start  # where in the log the entry begins
        self.sector, self.flags, self.data = sector, flags, data


def drive(image, log):
    """QEMU's options for a disk whose writes go to the image and to the log."""
    return ["-global", "virtio-mmio.force-legacy=false", "-drive",
            f"driver=blklogwrites,file.driver=file,file.filename={image},log.driver=file,"
            f"log.filename={log},log-super-update-interval=1,if=none,id=root",
            "-device", "virtio-blk-device,drive=root"]


def read(path):
    """The entries of a log, up to the first that was not written whole."""
    with open(path, "rb") as f:
        log = f.read()
    magic, version, _, size = struct.unpack_from("<QQQI", log)
    assert magic == MAGIC and version == 1 and size == SECTOR, "this is no write log"
    entries, at = [], SECTOR
    while at + SECTOR <= len(log):
        sector, count, flags, _ = struct.unpack_from("<QQQQ", log, at)
        bytes_ = 0 if flags & DISCARD else count * SECTOR
        if not (count or flags) or at + SECTOR + bytes_ > len(log):
            break
        entries.append(Entry(at, sector, flags, log[at + SECTOR:at + SECTOR + bytes_]))
        at += SECTOR + bytes_
    return entries


def cut(image, entries, rng):
    """Applies entries to the bytes of an image: all that a flush covers, and of the rest what chance
    keeps. The number of sectors that were lost."""
    flushed = max((i for i, e in enumerate(entries) if e.flags & FLUSH), default=-1)
    keep, lost = rng.choice((0.0, 0.2, 0.5, 0.8, 1.0)), 0
    for i, e in enumerate(entries):
        whole = i < flushed or e.flags & FUA
        kept = whole or rng.random() < keep
        torn = not whole and rng.random() < 0.3
        for at in range(0, len(e.data), SECTOR) if torn else (0,):
            part = e.data[at:at + SECTOR] if torn else e.data
            if rng.random() < keep if torn else kept:
                to = e.sector * SECTOR + at
                image[to:to + len(part)] = part
            else:
                lost += len(part) // SECTOR
    return lost
