"""Loops, forks, threads, daemons, signals and exits."""

from __future__ import annotations

from hostile_attack import PATIENT_WALL, WALL, Attack

_WALL = f"{WALL:g} s are allowed|{PATIENT_WALL:g} s are allowed"
"""Words of the report on a run that waited for its end."""

PROCESSES = (
    Attack("infinite loop", "while True: pass", ends=("timed out",), says=(f"2 s of processor time|{_WALL}",)),
    Attack(
        "sleep for ever",
        "for n in range(1, 65):\n    tried(lambda: signal.signal(n, signal.SIG_IGN))\ntime.sleep(9999)",
        ends=("timed out",),
        says=(_WALL,),
    ),
    Attack("stop oneself", "os.kill(os.getpid(), signal.SIGSTOP)\ntime.sleep(9999)", ends=("timed out",)),
    Attack(
        "fork bomb",
        "while True:\n    try: os.fork()\n    except OSError: time.sleep(0.01)",
        ends=("timed out", "killed"),
    ),
    Attack(
        "fork bomb of the shell",
        "subprocess.run(['/bin/sh', '-c', 'f() { f | f & }; f'])\ntime.sleep(9999)",
        ends=("timed out", "killed", "finished"),
    ),
    Attack(
        "5,000 threads",
        """
for _ in range(5000):
    try: threading.Thread(target=time.sleep, args=(99,), daemon=True).start()
    except RuntimeError: time.sleep(0.001)
""",
        ends=("finished", "killed", "timed out"),
    ),
    Attack(
        "processor time by many threads",
        """
import hashlib
signal.signal(signal.SIGXCPU, signal.SIG_IGN)
def burn():
    while True: hashlib.sha256(bytes(1 << 22))
for _ in range(8): threading.Thread(target=burn).start()
""",
        ends=("timed out", "finished"),
    ),
    Attack(
        "thread that outlives the last cell",
        "def burn():\n    while True: time.sleep(0.01)\nthreading.Thread(target=burn).start()",
    ),
    Attack(
        "daemon",
        """
def fork():
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            for n in range(64):
                try: os.close(n)
                except OSError: pass
            os.execv("/bin/sleep", ["sleep", "@MARK@"])
        os._exit(0)
tried(fork)
tried(lambda: subprocess.Popen(["/bin/sleep", "@MARK@"], start_new_session=True))
tried(lambda: os.posix_spawn("/bin/sleep", ["sleep", "@MARK@"], {}))
""",
    ),
    Attack(
        "child that holds the output",
        """
try:
    if os.fork() == 0:
        time.sleep(9999)
except OSError: pass
os._exit(0)
""",
        ends=("crashed",),
    ),
    Attack(
        "crowd of zombies and orphans",
        """
def crowd():
    for _ in range(500):
        if os.fork() == 0:
            if os.fork() == 0: time.sleep(9999)
            os._exit(0)
tried(crowd)
""",
        ends=("finished", "killed", "timed out"),
    ),
    Attack("kill everybody", "os.kill(-1, signal.SIGKILL)", ends=("killed", "finished", "crashed")),
    Attack(
        "kill the parent, the server, the host and their groups",
        """
for pid in {os.getppid(), 1, @HOST@, @HOST@ + 1, @HOST@ + 2}:
    for n in (0, 9, 15, 19, 23, 64):
        tried(lambda: os.kill(pid, n))
        tried(lambda: os.killpg(pid, n))
        libc.syscall(234, pid, pid, n), libc.syscall(200, pid, n), libc.syscall(129, pid, n, bytes(128))
    tried(lambda: os.killpg(0, 0))
""",
    ),
    Attack(
        "limits and priorities of others",
        """
for pid in {os.getppid(), 1, @HOST@}:
    for which in range(16):
        tried(lambda: resource.prlimit(pid, which, (1, 1)))
    tried(lambda: os.setpriority(os.PRIO_PROCESS, pid, 19))
    tried(lambda: os.sched_setaffinity(pid, [0]))
    tried(lambda: os.sched_setscheduler(pid, os.SCHED_IDLE, os.sched_param(0)))
    libc.syscall(251, 1, pid, 0)
""",
    ),
    Attack("leave without a word", "os._exit(0)", ends=("crashed",), says=("ended its own process",)),
    Attack("leave by the kernel", "libc.syscall(231, 0)", ends=("crashed",)),
    Attack("leave politely", "import atexit\natexit.register(time.sleep, 9999)\nsys.exit(0)"),
    Attack("become another program", "os.execv('/bin/sleep', ['sleep', '@MARK@'])", ends=("timed out", "finished")),
    Attack("segfault", "ctypes.string_at(0)", ends=("crashed",), says=("SIGSEGV",)),
    Attack("abort", "os.abort()", ends=("crashed",), says=("SIGABRT",)),
    Attack("kill oneself", "os.kill(os.getpid(), 9)", ends=("killed",)),
    Attack(
        "endless recursion in C",
        "sys.setrecursionlimit(10**9)\ndef f(): f()\nf()",
        ends=("crashed", "finished", "out of memory"),
    ),
    Attack("close everything", "os.closerange(0, 1 << 16)\ntime.sleep(0.1)", ends=("crashed", "finished", "killed")),
    Attack(
        "interrupts in the probe",
        """
def ring(*_): raise KeyboardInterrupt
signal.signal(signal.SIGALRM, ring)
signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
""",
        ends=("finished", "crashed", "killed"),
    ),
    Attack("number that never ends", "print(9 ** 9 ** 9)", ends=("timed out", "out of memory")),
)
