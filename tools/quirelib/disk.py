"""ext2 images: made and changed with e2fsprogs."""
import os
import shutil
import stat
import subprocess
import tempfile

from .common import BUILD, MISSING, TOP, Failure

DEFAULT_SIZE = "64M"


def tool(name):
    path = shutil.which(name)
    if not path:
        raise Failure(f"{name} is not installed (package e2fsprogs)", MISSING)
    return path


def make(path, size=DEFAULT_SIZE, block=4096, tree=None, inodes=None, extra=()):
    """A new ext2 image, filled from a folder of the host."""
    command = [tool("mke2fs"), "-q", "-F", "-t", "ext2", "-b", str(block), *extra]
    if tree:
        command += ["-d", tree]
    if inodes:
        command += ["-N", str(inodes)]
    if os.path.exists(path):
        os.remove(path)
    done = subprocess.run([*command, path, size], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        raise Failure(f"mke2fs failed: {done.stdout.decode(errors='replace').strip()}")


def default():
    """The image that ./quire run keeps: made at the first run."""
    path = os.path.join(BUILD, "disk.img")
    if not os.path.exists(path):
        with tempfile.TemporaryDirectory() as tree:
            source = os.path.join(TOP, "user", "root")
            if os.path.isdir(source):
                shutil.copytree(source, tree, dirs_exist_ok=True)
            for folder in ("home", "tmp", "dev", "bin"):
                os.makedirs(os.path.join(tree, folder), exist_ok=True)
            make(path, tree=tree)
    return path


def debugfs(image, commands, write=False):
    """Runs debugfs commands; their output. Errors are raised."""
    with tempfile.NamedTemporaryFile("w", suffix=".debugfs") as script:
        script.write("\n".join(commands) + "\n")
        script.flush()
        done = subprocess.run([tool("debugfs"), *(["-w"] if write else []), "-f", script.name, image],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.stdout.decode(errors="replace")


def add(image, spec):
    """FILE[:PATH]: a host file into the image, folders made on the way, mode kept."""
    source, _, path = spec.partition(":")
    if not os.path.isfile(source):
        raise Failure(f"--add {spec}: no file {source}")
    path = path or "/" + os.path.basename(source)
    if not path.startswith("/"):
        path = "/" + path
    if path.endswith("/"):
        path += os.path.basename(source)
    if any(c in path for c in '"\n') or '"' in source:
        raise Failure(f"--add {spec}: a quotation mark or line end can't be in a path")
    commands, walked = [], ""
    for part in path.split("/")[1:-1]:
        walked += "/" + part
        commands.append(f'mkdir "{walked}"')
    commands += [f'rm "{path}"', f'write "{source}" "{path}"']
    mode = stat.S_IMODE(os.stat(source).st_mode) | 0o100000
    commands.append(f'set_inode_field "{path}" mode 0{mode:o}')
    output = debugfs(image, commands, write=True)
    if f"stat" in output and "Filesystem not open" in output:
        raise Failure(f"--add {spec}: {image} is no ext2 image")
    listing = debugfs(image, [f'stat "{path}"'])
    if f"Size: {os.path.getsize(source)}" not in listing:
        raise Failure(f"--add {spec}: could not write {path} into {image} (is it full?)")


def check(image):
    """e2fsck -fn: raises with its report if it finds anything."""
    done = subprocess.run([tool("e2fsck"), "-fn", image], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        raise Failure(f"e2fsck -fn {image} found damage:\n{done.stdout.decode(errors='replace')}")
