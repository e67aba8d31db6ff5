"""The kernel's other doors. The numbers of calls are those of x86_64; elsewhere they are other calls, as forbidden."""

from __future__ import annotations

from hostile_attack import Attack

_CODE = """
page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
page.write(bytes.fromhex("{}"))
entry = ctypes.CFUNCTYPE(ctypes.c_long)(ctypes.addressof(ctypes.c_char.from_buffer(page)))
print("entered", entry() if os.uname().machine == "x86_64" else None)
"""
_CALL = """
def call(number, *arguments):
    ctypes.set_errno(0)
    got = libc.syscall(number, *arguments)
    print(number, got, ctypes.get_errno())
    return got
"""

KERNEL = (
    Attack(
        "namespaces",
        _CALL
        + """
for flag in (0x10000000, 0x20000000, 0x00020000, 0x40000000, 0x08000000, 0x04000000, 0x02000000, 0x7E020000):
    call(272, flag)
    call(56, flag | 17, 0, 0, 0, 0) or os._exit(0)
call(435, ctypes.create_string_buffer(88), 88), call(308, 3, 0)
tried(lambda: subprocess.run(["unshare", "-Urm", "mount", "-t", "tmpfs", "x", "/tmp"], check=True))
""",
    ),
    Attack(
        "mounts and roots",
        _CALL
        + """
call(165, b"none", b"/tmp", b"tmpfs", 0, 0), call(166, b"/proc", 2), call(155, b".", b"."), call(161, b"/")
call(428, 3, b"/", 1), call(429, 3, b"", 3, b"/tmp", 4), call(430, b"tmpfs", 0), call(432, 3, 0, 0)
call(442, -100, b"/", 0x8000, 0, 32), call(457, 0, 0, 0)
""",
    ),
    Attack(
        "other processes' memory",
        _CALL
        + """
for pid in (os.getppid(), 1, @HOST@):
    call(101, 16, pid, 0, 0), call(101, 0x4206, pid, 0, 0)
    call(310, pid, 0, 0, 0, 0, 0), call(311, pid, 0, 0, 0, 0, 0), call(312, pid, os.getpid(), 0, 0, 0)
    handle = call(434, pid, 0)
    call(438, handle, 0, 0), call(424, handle, 9, 0, 0), call(440, handle, 0, 0, 0, 0), call(256, pid, 9, 0, 0)
    tried(lambda: open(f"/proc/{pid}/mem", "r+b").read(1))
""",
    ),
    Attack(
        "bpf, perf, keys, userfaultfd",
        _CALL
        + """
call(321, 0, ctypes.create_string_buffer(128), 128), call(298, ctypes.create_string_buffer(128), 0, -1, -1, 0)
call(250, 0, -3, 1), call(248, b"user", b"a", b"b", 1, -3), call(249, b"user", b"a", 0, -3), call(323, 0)
""",
    ),
    Attack(
        "the machine itself",
        _CALL
        + """
call(169, 0xFEE1DEAD, 672274793, 0x1234567, 0), call(246, 0, 0, 0, 0), call(175, b"x", 1, b""), call(313, 3, b"", 0)
call(103, 3, ctypes.create_string_buffer(99), 99), call(170, b"hostile", 7), call(171, b"hostile", 7)
call(227, 0, ctypes.create_string_buffer(16)), call(164, ctypes.create_string_buffer(16), 0), call(159, bytes(208))
call(167, b"/x", 0), call(163, b"/x"), call(179, 0, 0, 0, 0), call(172, 3), call(173, 0, 1, 1), call(135, 0x40000)
""",
    ),
    Attack(
        "processor settings",
        _CALL
        + """
call(154, 1, ctypes.create_string_buffer(16), 16), call(158, 0x1011, 1), call(251, 1, 0, 0), call(144, 0, 1, bytes(4))
call(314, 0, bytes(48), 0), call(203, 0, 8, b"\\1" + bytes(7)), call(141, 0, 0, -20), call(256, 0, 0, 0, 0)
call(238, 0, 0, 0), call(237, 0, 0, 0, 0, 0, 0), call(279, 0, 0, 0, 0, 0, 0)
""",
    ),
    Attack(
        "the filter and the watch",
        _CALL
        + """
for option in range(1, 70):
    if option not in (1, 22):
        libc.prctl(option, 0, 0, 0, 0)
call(317, 1, 0, 0), call(317, 0, 0, 0), call(157, 1, 0), call(157, 4, 0), call(157, 36, 1), call(157, 38, 0)
call(157, 0x59616D61, -1), call(444, 0, 0, 1), call(446, 3, 0)
tried(lambda: open("@CANARY@").read())
""",
    ),
    Attack(
        "files of the kernel",
        """
import glob
for path in ("/proc/sys/kernel/core_pattern", "/proc/sys/kernel/hostname", "/proc/sys/vm/overcommit_memory",
             "/proc/sysrq-trigger", "/proc/self/oom_score_adj", "/proc/self/uid_map", "/proc/1/oom_score_adj",
             "/sys/kernel/uevent_helper", "/sys/fs/cgroup/cgroup.procs", "/proc/self/attr/current",
             "/sys/class/leds", "/dev/sda", "/dev/tty", "/dev/console", "/dev/fuse", "/dev/kvm", "/dev/net/tun"):
    tried(lambda: open(path, "w").write("-1000"))
print(glob.glob("/sys/fs/cgroup/*")[:3], glob.glob("/dev/*"))
""",
    ),
    Attack(
        "the terminal of the host",
        """
import fcntl
for fd in (0, 1, 2, 3):
    for letter in b"\\nid\\n":
        tried(lambda: fcntl.ioctl(fd, 0x5412, bytes([letter])))
    tried(lambda: fcntl.ioctl(fd, 0x541C, b"\\3" + bytes(9)))
    tried(lambda: fcntl.fcntl(fd, 8, @HOST@)), tried(lambda: fcntl.fcntl(fd, 10, 9))
tried(lambda: os.open("/dev/tty", os.O_RDWR)), tried(lambda: os.tcsetpgrp(0, 1))
""",
    ),
    Attack(
        "watching files of the host",
        _CALL
        + """
one = call(253)
for path in (b"@FOLDER@", b"@CANARY@", b"/", b"/proc"):
    call(254, one, path, 0xFFF)
call(300, 0, 0), call(301, 3, 1, 8, -100, b"/")
""",
    ),
    Attack("the 32-bit entry", _CODE.format("b814000000cd80c3"), ends=("crashed", "finished")),
    Attack("32-bit open and read", _CODE.format("b805000000cd80c3"), ends=("crashed", "finished")),
    Attack("x32 numbers", _CODE.format("b8270000400f05c3"), ends=("crashed", "finished")),
    Attack("x32 socket", _CODE.format("b829000040bf02000000be0100000031d20f05c3"), ends=("crashed", "finished")),
    Attack(
        "every call there is",
        """
skipped = {15, 22, 23, 24, 34, 35, 39, 56, 57, 58, 60, 61, 62, 112, 127, 128, 130, 200, 202, 219, 230, 231, 232, 234,
           247, 270, 271, 281, 282, 322, 59, 435, 3, 12, 11, 10, 25, 13, 14, 7, 0, 1, 19, 20, 45, 47, 48, 449, 455, 456,
           158, 218, 273,
           334, 131, 436, 33, 292, 37, 38, 222, 223, 448, 437, 441, 290, 233, 213, 291, 160, 302, 157, 97}
for number in range(600):
    if number not in skipped:
        libc.syscall(number, 0, 0, 0, 0, 0, 0)
tried(lambda: open("@CANARY@").read())
""",
        ends=("finished", "crashed", "killed", "timed out"),
    ),
)
