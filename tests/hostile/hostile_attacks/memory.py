"""Memory, at once and bit by bit, and floods of files."""

from __future__ import annotations

from hostile_attack import Attack

MEMORY = (
    Attack("50 GB at once", "x = bytearray(50 << 30)", says=("MemoryError",)),
    Attack(
        "memory in a loop",
        "x = []\nwhile True: x.append(bytearray(b'1' * (8 << 20)))",
        ends=("finished", "out of memory"),
    ),
    Attack(
        "shared pages",
        "x = []\nwhile True:\n    x.append(mmap.mmap(-1, 8 << 20)); x[-1].write(b'1' * (8 << 20))",
        ends=("out of memory",),
    ),
    Attack(
        "shared memory flood",
        """
def flood():
    for n in range(99):
        with open(f"/dev/shm/hostile-{n}", "wb") as file: file.write(b"1" * (8 << 20))
tried(flood)
from multiprocessing import shared_memory
tried(lambda: shared_memory.SharedMemory("hostile-more", create=True, size=1 << 30).buf[:1 << 30])
""",
        ends=("finished", "out of memory", "crashed"),
    ),
    Attack(
        "children under the limit",
        """
def crowd():
    for _ in range(8):
        if os.fork() == 0:
            hog = bytearray(b"1" * (120 << 20)); time.sleep(30)
    time.sleep(30)
tried(crowd)
""",
        ends=("out of memory", "finished", "timed out"),
    ),
    Attack(
        "memory without a name",
        """
for call in ((319, b"x", 0), (447, 0), (29, 0, 1 << 30, 0o1600), (240, b"/q", 0o102, 0o600, 0)):
    number = libc.syscall(*call)
    print(number)
    if number > 2:
        tried(lambda: os.truncate(number, 1 << 30))
""",
    ),
    Attack(
        "tensors",
        "import tensorflow as tf\nx = []\nwhile True: x.append(tf.ones((1 << 24,)) + 1)",
        ends=("finished", "out of memory", "crashed", "timed out"),
    ),
    Attack(
        "stacks of threads",
        """
threading.stack_size(256 << 20)
def fill():
    x = ctypes.create_string_buffer(100 << 20); time.sleep(30)
for _ in range(40):
    try: threading.Thread(target=fill, daemon=True).start()
    except Exception: pass
""",
        ends=("finished", "out of memory", "timed out"),
    ),
    Attack(
        "locked and huge pages",
        """
tried(lambda: libc.mlockall(3))
tried(lambda: mmap.mmap(-1, 1 << 30, flags=0x40022))
x = mmap.mmap(-1, 1 << 20)
print(libc.mlock(ctypes.addressof(ctypes.c_char.from_buffer(x)), 1 << 20))
""",
    ),
    Attack(
        "zip bomb of one's own",
        """
import zlib
small = zlib.compress(bytes(1 << 28), 9)
x = [zlib.decompress(small) for _ in range(99)]
""",
        ends=("finished", "out of memory", "timed out"),
    ),
)

FILES = (
    Attack("10 GB file", "with open('big', 'wb') as file:\n    while True: file.write(b'1' * (1 << 20))"),
    Attack("sparse terabyte", "open('big', 'wb').truncate(1 << 40)"),
    Attack(
        "300,000 files",
        "for n in range(300_000): open(f'file{n}', 'wb').close()",
        ends=("finished", "killed"),
    ),
    Attack(
        "many files together too large",
        "for n in range(99):\n    open(f'f{n}', 'wb').write(b'1' * (2 << 20))\n    time.sleep(0.01)",
        ends=("finished", "killed"),
    ),
    Attack(
        "folders without a bottom",
        """
def dig():
    for _ in range(1900):
        os.mkdir("d"); os.chdir("d")
tried(dig)
""",
    ),
    Attack(
        "folders that nobody may enter",
        """
for name, mode in (("a", 0), ("b", 0o300), ("c", 0o100)):
    os.mkdir(name)
    open(f"{name}/file", "w").close()
    os.mkdir(f"{name}/inner", 0)
    tried(lambda: os.chmod(name, mode))
os.mkdir("sealed", 0)
os.mkdir("half", 0o300)
tried(lambda: open("half/file", "w").close())
tried(lambda: os.chmod(".", 0))
""",
        # Where the watch comes to look before the end, it finds what it cannot count.
        ends=("finished", "killed"),
    ),
    Attack(
        "names that are no text",
        r"""
for name in (b"\xff\xfe\xff", b"new\nline", b"\x1b[2J", b"-rf", b"~", b"$(id)", b"a" * 255, b" "):
    tried(lambda: open(name, "w").close())
    tried(lambda: os.mkdir(name + b"d"))
""",
    ),
    Attack(
        "links to the outside",
        """
for name, target in enumerate([*@SECRETS@, "@CANARIES@", "/etc/shadow", "/", "/proc/self/root", "/proc/1/root"]):
    tried(lambda: os.symlink(target, f"link{name}"))
    tried(lambda: os.link(target, f"hard{name}"))
    tried(lambda: open(f"link{name}").read())
    tried(lambda: open(f"hard{name}").read())
os.symlink("@CANARIES@", "report"), os.symlink("@CANARIES@", ".keras")
tried(lambda: os.rename(os.getcwd(), os.getcwd() + "-moved"))
""",
    ),
    Attack(
        "scratch swapped for a link",
        """
here = os.getcwd()
tried(lambda: os.chdir("/tmp"))
tried(lambda: os.rmdir(here))
tried(lambda: os.rename(here, here + "x"))
tried(lambda: os.symlink("@CANARIES@", here))
""",
    ),
    Attack(
        "pipes and sockets that nobody answers",
        """
tried(lambda: os.mkfifo("pipe"))
tried(lambda: os.mknod("device", 0o60666, os.makedev(8, 0)))
tried(lambda: os.mknod("null", 0o20666, os.makedev(1, 3)))
tried(lambda: socket.socket(socket.AF_UNIX).bind("here"))
""",
    ),
    Attack(
        "changing what is outside",
        """
for path in (*@SECRETS@, "@CANARIES@", "@FOLDER@"):
    for way in (
        lambda: open(path, "w"), lambda: open(path, "a").write("x"), lambda: os.truncate(path, 0),
        lambda: os.chmod(path, 0o777), lambda: os.chown(path, 1, 1), lambda: os.utime(path, (0, 0)),
        lambda: os.unlink(path), lambda: os.rename(path, path + "2"), lambda: os.link(path, "mine"),
        lambda: os.setxattr(path, "user.a", b"b"), lambda: os.mkdir(path + "/new"), lambda: open(path + "/new", "w"),
        lambda: os.rmdir(path), lambda: os.mknod(path + ".node"), lambda: os.symlink("/", path + ".link"),
    ):
        tried(way)
""",
    ),
    Attack(
        "writing into Python itself",
        """
import keras, numpy
for place in {os.path.dirname(os.__file__), os.path.dirname(keras.__file__), os.path.dirname(numpy.__file__),
              os.path.dirname(sys.executable), "/etc", "/usr/lib", "/root", "/home", "/var/tmp", "/opt", "/"}:
    for name in ("sitecustomize.py", "hostile.pth", "hostile.txt"):
        tried(lambda: open(f"{place}/{name}", "w").write("raise SystemExit"))
""",
    ),
    Attack(
        "descriptors without end",
        """
held = []
def hold():
    while True: held.append(os.open("/dev/null", os.O_RDONLY))
tried(hold)
""",
    ),
    Attack(
        "1 GB on standard output",
        "for _ in range(1024): print('x' * (1 << 20))",
        ends=("finished", "out of memory"),
    ),
    Attack(
        "1 GB on the descriptor",
        "for _ in range(1024): os.write(1, b'x' * (1 << 20))",
        ends=("finished", "killed", "crashed"),
    ),
    Attack("closed output", "sys.stdout.close(); sys.stderr.close(); sys.stdout = sys.stderr = None"),
)
