"""What Python has on Linux but not on macOS or not on Windows, by module.

Sources: the "Availability" notes of the library reference for ``os``, ``signal``, ``socket``,
``time``, ``select`` and ``asyncio`` (platform support). Two tests read this list: one takes all of
it away from a running streamlab, the other looks for it in the sources.
"""

from __future__ import annotations

ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "os": (
        "chown", "copy_file_range", "eventfd", "fork", "forkpty", "getegid", "geteuid", "getgid",
        "getloadavg", "getpgid", "getpriority", "getuid", "killpg", "memfd_create", "mkfifo",
        "nice", "openpty", "pidfd_open", "posix_fadvise", "posix_spawn", "sched_getaffinity",
        "sched_setaffinity", "sched_setscheduler", "sendfile", "setpriority", "setsid", "splice",
        "statvfs", "sysconf", "uname", "wait3", "wait4",
    ),
    "signal": (
        "SIGALRM", "SIGHUP", "SIGKILL", "SIGPIPE", "SIGQUIT", "SIGUSR1", "SIGUSR2", "alarm",
        "pause", "pthread_kill", "pthread_sigmask", "setitimer", "sigwait",
    ),
    "socket": (
        "AF_UNIX", "AF_VSOCK", "SO_BINDTODEVICE", "SO_INCOMING_CPU", "SO_PRIORITY",
        "SO_REUSEPORT", "TCP_CORK", "TCP_DEFER_ACCEPT", "TCP_INFO", "TCP_NOTSENT_LOWAT",
        "TCP_QUICKACK", "TCP_SYNCNT", "TCP_USER_TIMEOUT",
    ),
    "time": ("clock_gettime", "clock_gettime_ns", "pthread_getcpuclockid"),
    "select": ("epoll", "kqueue", "poll"),
}  # fmt: skip

MODULES = (
    "crypt", "fcntl", "grp", "posix", "pty", "pwd", "resource", "spwd", "syslog", "termios", "tty",
    "uvloop",
)  # fmt: skip

LOOP_METHODS = (
    "add_reader", "add_signal_handler", "add_writer", "create_unix_connection",
    "create_unix_server", "remove_reader", "remove_signal_handler", "remove_writer",
)  # fmt: skip

# Others' code that finds itself on Linux (by sys.platform, which stays) uses these.
_NEEDED_BY_OTHERS = {
    "os": {"uname"},  # numpy
    "socket": {"AF_UNIX"},  # the standard library's socketpair
}

TAKEN_AWAY = {
    module: tuple(name for name in names if name not in _NEEDED_BY_OTHERS.get(module, ()))
    for module, names in ATTRIBUTES.items()
}
