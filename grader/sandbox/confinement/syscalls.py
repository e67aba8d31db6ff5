"""Names of system calls, by what becomes of them. The allow-list follows that of container engines, less what reaches
other processes, the network, the kernel's state, or memory that no limit counts (memfd, System V shared memory)."""

from __future__ import annotations

_FILES = """
access chdir close close_range copy_file_range creat dup dup2 dup3 faccessat faccessat2 fadvise64 fallocate fchdir fcntl
fdatasync fgetxattr flistxattr flock fstat fstatfs fsync ftruncate getcwd getdents getdents64 getxattr inotify_add_watch
inotify_init inotify_init1 inotify_rm_watch ioctl lgetxattr link linkat listxattr llistxattr lseek lstat mkdir mkdirat
newfstatat open openat openat2 pipe pipe2 pread64 preadv preadv2 pwrite64 pwritev pwritev2 read readahead readlink
readlinkat readv rename renameat renameat2 rmdir sendfile splice stat statfs statx symlink symlinkat sync_file_range tee
truncate umask unlink unlinkat write writev
"""
_MEMORY = """
brk get_mempolicy madvise membarrier mincore mmap mprotect mremap msync munlock munlockall munmap
"""
_PROCESS = """
arch_prctl capget exit exit_group futex futex_requeue futex_wait futex_waitv futex_wake get_robust_list getcpu getegid
geteuid getgid getgroups getpgid getpgrp getpid getppid getpriority getresgid getresuid getrlimit getrusage getsid
gettid getuid restart_syscall rseq sched_get_priority_max sched_get_priority_min sched_getaffinity sched_getattr
sched_getparam sched_getscheduler sched_rr_get_interval sched_yield set_robust_list set_tid_address setpgid setrlimit
setsid sysinfo times uname wait4 waitid getrandom
"""
_SIGNALS_AND_TIME = """
alarm clock_getres clock_gettime clock_nanosleep getitimer gettimeofday nanosleep pause rt_sigaction rt_sigpending
rt_sigprocmask rt_sigreturn rt_sigsuspend rt_sigtimedwait setitimer sigaltstack signalfd signalfd4 time timer_create
timer_delete timer_getoverrun timer_gettime timer_settime timerfd_create timerfd_gettime timerfd_settime
"""
_WAITING_AND_STREAMS = """
epoll_create epoll_create1 epoll_ctl epoll_pwait epoll_pwait2 epoll_wait eventfd eventfd2 getpeername getsockname
getsockopt poll ppoll pselect6 recvfrom recvmmsg recvmsg select sendmmsg sendmsg sendto setsockopt shutdown
"""

ALLOWED = tuple(" ".join((_FILES, _MEMORY, _PROCESS, _SIGNALS_AND_TIME, _WAITING_AND_STREAMS)).split())
"""Allowed whatever their arguments."""

STARTING = ("fork", "vfork", "execve", "execveat")
"""Start processes and programs."""

METADATA = tuple(
    """
chmod fchmod fchmodat fchmodat2 chown fchown lchown fchownat utime utimes utimensat futimesat
""".split()
)
"""Change a file's mode, owner or times, over which Landlock has no say."""

DENIED = tuple(
    """
socket connect bind listen accept accept4 setpriority ptrace mount umount2 unshare setns bpf keyctl add_key request_key
""".split()
)
"""Refused with EACCES, which says more to a reader than the default."""

ALLOWED_PRCTL = (
    *(2, 3, 21, 23, 27, 30, 39, 42, 52),
    *(15, 16, 29, 38, 41),
    0x53564D41,
)
"""prctl(2) operations: GET_PDEATHSIG, GET_DUMPABLE, GET_SECCOMP, CAPBSET_READ, GET_SECUREBITS, GET_TIMERSLACK,
GET_NO_NEW_PRIVS, GET_THP_DISABLE, GET_SPECULATION_CTRL; SET_NAME, GET_NAME, SET_TIMERSLACK, SET_NO_NEW_PRIVS,
SET_THP_DISABLE; SET_VMA (names of memory areas). Not SET_PDEATHSIG and SET_DUMPABLE: the watch relies on them."""
