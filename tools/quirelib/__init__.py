"""What stands behind ./quire: building, disks, QEMU, tests, the compiler wrapper."""
