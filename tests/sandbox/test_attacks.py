"""Attacks on the sandbox, judged by what they reach outside, in each provider that works here."""

from __future__ import annotations

import os
import socket
import time

import pytest
from sandbox_helpers import PATIENCE, Sandbox, eventually, processes_of

FAILS = """
import os, socket, subprocess, ctypes, resource, signal, threading
libc = ctypes.CDLL(None, use_errno=True)
def fails(attempt):
    try:
        attempt()
    except (OSError, subprocess.SubprocessError, MemoryError) as error:
        return True
    return False
def wait(refused):
    # Where the watch has to notice, it is given its time.
    import time
    refused or time.sleep(30)
"""


def attempt(sandbox: Sandbox, code: str, **limits: float):
    """Run `code` after the definition of `fails`; its answer, None when it gave none."""
    answer, outcome, output = sandbox.run(FAILS + code, **limits)
    assert "error" not in answer, answer["trace"]
    return answer.get("answer"), outcome, output


def unharmed(sandbox: Sandbox) -> None:
    """The next run is served as if nothing had happened, and nothing of the last one is left."""
    # The Python environment may itself lie below /tmp: only files would be left by the last run.
    left = "[*filter(os.path.isfile, glob.glob(os.environ['TMPDIR'] + '/*'))]"
    answer, outcome, _ = sandbox.run(f"import os, glob; answer = [6 * 7, os.listdir(), {left}]")
    assert answer["answer"] == [42, [], []]
    assert outcome.status == "finished"
    assert eventually(lambda: len(processes_of(sandbox.server)) == 1)


@pytest.mark.parametrize("way", ["open({path!r})", "os.open({path!r}, os.O_RDONLY)", "os.listdir({folder!r})"])
def test_files_outside_cannot_be_read(sandbox, tmp_path, way):
    """A rubric, a sibling's work or a key of the host stays unread."""
    canary = tmp_path / "canary"
    canary.write_text("secret")
    for path in (canary, *(tmp_path / "..").resolve().glob("*"), "/etc/shadow", __file__, "/proc/1/environ"):
        code = way.format(path=str(path), folder=os.path.dirname(path) if os.path.isfile(path) else str(path))  # noqa: PTH113, PTH120
        if "listdir" in way and str(path).startswith("/etc"):
            continue
        answer, _, _ = attempt(sandbox, f"answer = fails(lambda: {code})")
        assert answer is True or (sandbox.confines_programs and str(path).startswith("/proc")), (path, way)


def test_links_and_descriptors_lead_nowhere(sandbox, tmp_path):
    """Symbolic links, magic links and inherited descriptors give no way out."""
    (tmp_path / "canary").write_text("secret")
    code = f"""
os.symlink({str(tmp_path / "canary")!r}, "link")
ways = ["link"]
for what in ("root", "cwd/../.."):
    ways += [f"/proc/{{who}}/{{what}}{tmp_path / "canary"}" for who in ("self", os.getppid())]
answer = [way for way in ways if not fails(lambda: open(way))], sorted(map(int, os.listdir("/proc/self/fd")))
"""
    (reached, descriptors), _, _ = attempt(sandbox, code)
    assert reached == []
    assert descriptors[:4] == [0, 1, 2, 3]
    assert len(descriptors) == 5, "the fifth is the listing's own"


def test_nothing_outside_scratch_can_be_written(sandbox, tmp_path):
    """New files, changed files, other modes, times and names: none outside scratch."""
    canary = tmp_path / "canary"
    canary.write_text("secret")
    canary.chmod(0o666)
    tmp_path.chmod(0o777)
    before = canary.stat()
    code = f"""
path = {str(canary)!r}
for way in (
    lambda: open(path, "w"), lambda: os.truncate(path, 0), lambda: os.chmod(path, 0o777), lambda: os.unlink(path),
    lambda: os.utime(path, (0, 0)), lambda: os.rename(path, path + "2"), lambda: os.link(path, "mine"),
    lambda: os.chown(path, 1, 1), lambda: os.setxattr(path, "user.a", b"b"), lambda: os.mkdir(path + "3"),
):
    fails(way)
places = ["/", "/usr", "/usr/lib", "/etc", os.path.dirname(os.__file__), "/proc/sys/kernel", "/var/tmp", "/root"]
answer = [place for place in places if not fails(lambda: open(place + "/labgrade-canary", "w"))]
open("mine", "w").write("fine")
"""
    answer, _, _ = attempt(sandbox, code)
    assert answer == []
    after = canary.stat()
    assert (after.st_mode, after.st_mtime_ns, after.st_uid) == (before.st_mode, before.st_mtime_ns, before.st_uid)
    assert canary.read_text() == "secret"
    assert list(tmp_path.iterdir()) == [canary]


def test_no_network_of_any_kind(sandbox, tmp_path):
    """TCP, UDP, netlink, raw and host unix sockets, by path and abstract, reach nobody."""
    path = str(tmp_path / "socket")
    with socket.socket(socket.AF_UNIX) as by_path, socket.create_server(("127.0.0.1", 0)) as tcp:
        by_path.bind(path)
        by_path.listen()
        os.chmod(path, 0o777)  # noqa: PTH101
        code = f"""
def connect(family, kind, address):
    with socket.socket(family, kind) as one:
        one.connect(address)
def pair():
    one, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
def stream_pair():
    one, other = socket.socketpair()
    one.connect({path!r})
answer = [fails(way) for way in (
    lambda: connect(socket.AF_INET, socket.SOCK_STREAM, {tcp.getsockname()!r}),
    lambda: connect(socket.AF_INET, socket.SOCK_DGRAM, ("8.8.8.8", 53)),
    lambda: connect(socket.AF_UNIX, socket.SOCK_STREAM, {path!r}),
    lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW),
    lambda: socket.create_server(("127.0.0.1", 0)),
    lambda: socket.getaddrinfo("example.org", 80),
    pair, stream_pair)]
"""
        answer, _, _ = attempt(sandbox, code)
        assert answer == [True] * 8
        for listener in (by_path, tcp):
            listener.settimeout(0.05)
            with pytest.raises(TimeoutError):
                listener.accept()


def test_other_processes_cannot_be_touched(sandbox):
    """Signals, limits, priorities, tracing and memory of the parent, the server and the host stay out of reach."""
    server = processes_of(sandbox.server)[0]
    targets = [server.pid, os.getpid()]
    before = [os.sched_getaffinity(pid) for pid in targets], [os.getpriority(os.PRIO_PROCESS, pid) for pid in targets]
    code = f"""
done = []
for pid in [os.getppid(), 1, *{targets}]:
    for name, way in dict(
        kill=lambda: os.kill(pid, 9), stop=lambda: os.kill(pid, signal.SIGSTOP), group=lambda: os.killpg(pid, 9),
        limit=lambda: resource.prlimit(pid, resource.RLIMIT_NOFILE, (1, 1)),
        priority=lambda: os.setpriority(os.PRIO_PROCESS, pid, 19), affinity=lambda: os.sched_setaffinity(pid, [0]),
        memory=lambda: open(f"/proc/{{pid}}/mem", "r+b"),
    ).items():
        if not fails(way):
            done.append((name, pid))
    for number in (101, 117, 310, 311, 438, 434):
        if libc.syscall(number, pid, 0, 0, 0) >= 0:
            done.append((number, pid))
answer = done
"""
    answer, outcome, _ = attempt(sandbox, code)
    # In a process namespace of its own the parent is number 1, which takes no signals from inside.
    assert [one for one in answer if not (sandbox.confines_programs and one[0] in ("kill", "stop", "group"))] == []
    assert outcome.status == "finished"
    after = [os.sched_getaffinity(pid) for pid in targets], [os.getpriority(os.PRIO_PROCESS, pid) for pid in targets]
    assert after == before
    unharmed(sandbox)


def test_signals_to_everyone_reach_nobody_outside(sandbox):
    """`kill(-1)` ends at most what the run itself started."""
    sandbox.run("import os; os.kill(-1, 9)")
    unharmed(sandbox)


def test_the_kernel_offers_nothing_more(sandbox):
    """Namespaces, mounts, bpf, keys, io_uring, memfd, shared memory, modules, tracing: refused."""
    code = """
numbers = dict(
    unshare=(272, 0x10000000), mount=(165, 0, 0, 0, 0), setns=(308, 3, 0), bpf=(321, 0, 0, 0), keyctl=(250, 0, -3, 1),
    add_key=(248, 0, 0, 0, 0, -3), io_uring_setup=(425, 1, 0), memfd_create=(319, b"x", 0), syslog=(103, 3, 0, 0),
    shmget=(29, 0, 4096, 0o1600), userfaultfd=(323, 0), perf_event_open=(298, 0, 0, 0, 0, 0), seccomp=(317, 0, 0, 0),
    open_by_handle_at=(304, 0, 0, 0), personality=(135, 0x40000), fsopen=(430, b"tmpfs", 0), chroot=(161, b"/"),
    open_tree=(428, 3, b"", 1), memfd_secret=(447, 0), quotactl=(179, 0, 0, 0, 0), pidfd_open=(434, os.getpid(), 0),
    mq_open=(240, b"q", 0o102, 0o600, 0))
answer = [name for name, call in numbers.items() if libc.syscall(*call) >= 0]
answer += [op for op in (1, 4, 22, 35, 36) if libc.prctl(op, 0, 0, 0, 0) >= 0]
"""
    if os.uname().machine != "x86_64":
        pytest.skip("the numbers are those of x86_64")
    answer, _, _ = attempt(sandbox, code)
    assert answer == []


@pytest.mark.parametrize("entry", ["int 0x80", "x32"])
def test_other_calling_conventions_are_filtered(sandbox, entry):
    """The 32-bit entry and the x32 numbers are no way round the filter: getpid by them kills the process or fails."""
    if os.uname().machine != "x86_64":
        pytest.skip("x86_64 alone has them")
    machine_code = {"int 0x80": "b8 14 00 00 00 cd 80 c3", "x32": "b8 27 00 00 40 0f 05 c3"}[entry]
    code = f"""
import mmap
page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
page.write(bytes.fromhex({machine_code!r}))
answer = ctypes.CFUNCTYPE(ctypes.c_long)(ctypes.addressof(ctypes.c_char.from_buffer(page)))() > 0
"""
    answer, outcome, _ = attempt(sandbox, code)
    assert answer is not True
    assert outcome.status in ("crashed", "finished")
    unharmed(sandbox)


def test_privileges_are_gone(sandbox):
    """No capability, no user that owns anything, no way back through a setuid program."""
    code = """
status = dict(line.split(":\\t", 1) for line in open("/proc/self/status").read().splitlines() if ":\\t" in line)
answer = [status[name].strip() for name in ("CapPrm", "CapEff", "CapInh", "CapAmb", "NoNewPrivs", "Seccomp")]
answer.append([fails(way) for way in (lambda: os.setuid(0) if os.getuid() else open("/none"), lambda: os.setgroups([0]),
    lambda: os.mknod("device", 0o60666, os.makedev(8, 0)), lambda: os.nice(-5), lambda: os.chroot("/"))])
"""
    answer, _, _ = attempt(sandbox, code)
    assert answer == ["0" * 16] * 4 + ["1", "2", [True] * 5]


def test_an_infinite_loop_times_out(sandbox):
    """A loop ends with the wall clock, and what was printed before it is kept."""
    _, outcome, output = attempt(sandbox, "print('before', flush=True)\nwhile True: pass", wall_seconds=0.5)
    assert outcome.status == "timed out"
    assert output == b"before\n"
    unharmed(sandbox)


def test_processor_time_is_limited(sandbox):
    """A loop ends with its processor time, also when it ignores the warning."""
    code = "signal.signal(signal.SIGXCPU, signal.SIG_IGN)\nwhile True: pass"
    for ignoring in (code, "while True: pass"):
        _, outcome, _ = attempt(sandbox, ignoring, cpu_seconds=1)
        assert outcome.status == "timed out", outcome


def test_a_sleep_for_ever_times_out(sandbox):
    """Sleeping and ignoring signals holds nobody."""
    code = "for n in (1, 2, 3, 15): signal.signal(n, signal.SIG_IGN)\nimport time; time.sleep(9999)"
    assert attempt(sandbox, code, wall_seconds=0.3)[1].status == "timed out"


def test_a_fork_bomb_fizzles(sandbox):
    """Forking without end ends with the number of processes or with the run."""
    code = "import time\nwhile True:\n    try: os.fork()\n    except OSError: time.sleep(0.01)"
    _, outcome, _ = attempt(sandbox, code, processes=40, wall_seconds=2)
    assert outcome.status in ("timed out", "killed")
    unharmed(sandbox)


def test_a_thread_bomb_fizzles(sandbox):
    """Thousands of threads fail to start, or end the run."""
    code = """
import time
for _ in range(5000):
    try: threading.Thread(target=time.sleep, args=(99,), daemon=True).start()
    except RuntimeError: time.sleep(0.002)
os._exit(0)
"""
    began = time.monotonic()
    attempt(sandbox, code, processes=60, wall_seconds=3)
    assert time.monotonic() - began < PATIENCE
    unharmed(sandbox)


def test_memory_at_once_is_refused(sandbox):
    """50 GB at once raise MemoryError in the student's cell."""
    answer, outcome, _ = attempt(sandbox, "answer = fails(lambda: bytearray(50 << 30))", memory_bytes=300 << 20)
    assert answer is True
    assert outcome.status == "finished"


@pytest.mark.parametrize(
    "how", ["x.append(bytearray(b'1' * (8 << 20)))", "x.append(m(-1, 8 << 20)); x[-1].write(b'1' * (8 << 20))"]
)
def test_memory_bit_by_bit_is_refused(sandbox, how):
    """Private memory ends in MemoryError, shared memory in the run's end."""
    code = f"from mmap import mmap as m\nx = []\ndef fill():\n    while True: {how}\nanswer = fails(fill); x.clear()"
    answer, outcome, _ = attempt(sandbox, code, memory_bytes=200 << 20)
    assert answer is True or outcome.status == "out of memory"
    unharmed(sandbox)


def test_memory_of_several_processes_counts_together(sandbox):
    """Children that each stay under the limit end the run all the same."""
    if not sandbox.confines_programs:
        pytest.skip("no children here")
    code = """
import time
for _ in range(6):
    if os.fork() == 0:
        hog = bytearray(b"1" * (90 << 20)); time.sleep(30)
time.sleep(30)
"""
    _, outcome, _ = attempt(sandbox, code, memory_bytes=200 << 20)
    assert outcome.status == "out of memory"
    unharmed(sandbox)


def test_a_huge_file_is_refused(sandbox):
    """Files end at their size limit."""
    code = """
f = open("big", "wb", buffering=0)
def fill():
    while True: f.write(b"1" * (1 << 20))
answer = fails(fill), os.path.getsize("big")
"""
    answer, _, _ = attempt(sandbox, code, file_bytes=5 << 20)
    assert answer == [True, 5 << 20]


def test_many_files_are_refused(sandbox):
    """The number and the sum of files are limited."""
    code = """
def make():
    for n in range(3000): open(f"file{n}", "wb").close()
answer = fails(make)
wait(answer)
"""
    answer, outcome, _ = attempt(sandbox, code, scratch_files=500)
    assert answer is True or outcome.status == "killed"
    code = """
def fill():
    for n in range(100): open(f"file{n}", "wb").write(b"1" * (1 << 20))
answer = fails(fill)
wait(answer)
"""
    answer, outcome, _ = attempt(sandbox, code, scratch_bytes=10 << 20)
    assert answer is True or outcome.status == "killed"
    unharmed(sandbox)


@pytest.mark.parametrize("how", ["open", "mapped"])
def test_files_without_a_name_count(sandbox, how):
    """A file that is deleted while it is open, or mapped, takes room on the disk all the same."""
    code = """
import mmap, time
kept = []
def fill():
    for n in range(60):
        f = open("nameless", "w+b", buffering=0)
        f.write(b"1" * (1 << 20))
        os.unlink("nameless")
        kept.append(f if HOW == "open" else mmap.mmap(f.fileno(), 1 << 20))
        if HOW == "mapped": f.close()
answer = fails(fill)
wait(answer)
"""
    answer, outcome, _ = attempt(sandbox, f"HOW = {how!r}\n{code}", scratch_bytes=10 << 20, memory_bytes=1 << 30)
    assert answer is True or (outcome.status, outcome.limit) == ("killed", "scratch")
    unharmed(sandbox)


def test_a_quick_flood_of_the_disk_ends_soon(sandbox):
    """Space that goes quickly is noticed before the next regular look."""
    code = """
def fill():
    for n in range(300): open(f"file{n}", "wb").write(b"1" * (4 << 20))
answer = fails(fill)
wait(answer)
"""
    answer, outcome, _ = attempt(sandbox, code, scratch_bytes=20 << 20)
    assert answer is True or (outcome.status, outcome.limit) == ("killed", "scratch")
    assert answer is True or outcome.observed < 1200 << 20


def test_a_flood_of_output_is_cut(sandbox):
    """Output is kept up to its limit, then the pipe is closed."""
    code = "def flood():\n    while True: os.write(1, b'x' * 65536)\nanswer = fails(flood)"
    answer, outcome, output = attempt(sandbox, code, output_bytes=100_000)
    assert answer is True
    assert output == b"x" * 100_000
    assert outcome.status == "finished"


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("os._exit(3)", "crashed"),
        ("os.abort()", "crashed"),
        ("ctypes.string_at(0)", "crashed"),
        ("os.kill(os.getpid(), 9)", "killed"),
        ("channel.close(); os._exit(0)", "finished"),
    ],
)
def test_a_crash_is_an_outcome(sandbox, code, status):
    """A process that ends itself is reported with how it ended, and keeps what it printed."""
    _, outcome, output = attempt(sandbox, "os.write(1, b'kept')\n" + code)
    assert outcome.status == status
    assert output.startswith(b"kept")
    unharmed(sandbox)


def test_a_daemon_does_not_outlive_the_run(sandbox):
    """A twice-forked process in a session of its own is gone when the run is."""
    if not sandbox.confines_programs:
        pytest.skip("no children here")
    code = """
import time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for n in range(3): os.close(n)
        time.sleep(99)
    os._exit(0)
os.wait()
"""
    _, outcome, _ = attempt(sandbox, code)
    assert outcome.status == "finished"
    unharmed(sandbox)


def test_programs_run_only_where_they_are_confined(sandbox):
    """Shell commands work under namespaces, and are refused where nothing but the filter keeps processes apart."""
    code = "answer = fails(lambda: subprocess.run(['ls', '/'], check=True)), fails(lambda: os.fork() or os._exit(0))"
    answer, outcome, output = attempt(sandbox, code)
    assert answer == [not sandbox.confines_programs] * 2
    assert (b"scratch" in output) == sandbox.confines_programs
    assert outcome.status == "finished"


def test_runs_cannot_see_one_another(sandbox):
    """Two runs at once share neither files nor processes."""
    one, other = sandbox.server.student(), sandbox.server.student()
    for student in (one, other):
        student.channel.send({"code": "import os; open('mine', 'w').close(); answer = [os.getcwd(), os.getpid()]"})
    (folder, pid), _ = (student.channel.receive(PATIENCE)[0]["answer"] for student in (one, other))
    where = folder if not sandbox.confines_programs else "/nowhere"
    code = f"import os\nlisted = []\ntry: listed = os.listdir({where!r})\nexcept OSError: pass\n"
    code += f"try: os.kill({pid}, 9)\nexcept OSError: pass\nanswer = [listed, os.listdir()]"
    other.channel.send({"code": code})
    if not sandbox.confines_programs:
        assert other.channel.receive(PATIENCE)[0]["answer"] == [[], ["mine"]]
    one.channel.send({"code": "answer = 'here'"})
    assert one.channel.receive(PATIENCE)[0]["answer"] == "here"
    for student in (one, other):
        student.close()


def test_forged_frames_are_errors_of_the_run(sandbox):
    """Bytes that are no frame reach the host as FrameError and nothing else."""
    from grader.sandbox.frames import FrameError

    student = sandbox.server.student()
    student.channel.send({"code": "channel._socket.sendall(b'\\xff' * 64)"})
    with pytest.raises(FrameError):
        student.channel.receive(PATIENCE)
    student.close()
    unharmed(sandbox)
