# SPDX-License-Identifier: GPL-3.0-or-later
"""A running process made to do what an attacker inside it would: system calls of our choice, in it, as it is, with its user,
its walls and its descriptors. By ptrace, as root; x86-64 Linux."""
import ctypes
import errno
import os
import signal

LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.ptrace.restype = ctypes.c_long
LIBC.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
SEIZE, INTERRUPT, GETREGS, SETREGS, SINGLESTEP, DETACH = 0x4206, 0x4207, 12, 13, 9, 17
SYSCALL_INSTRUCTION = b"\x0f\x05"
REGISTERS = ("r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax rip cs eflags rsp ss fs_base gs_base ds es "
             "fs gs").split()
NUMBERS = {"read": 0, "write": 1, "open": 2, "close": 3, "mmap": 9, "getpid": 39, "socket": 41, "connect": 42, "sendto": 44,
           "recvfrom": 45, "bind": 49, "listen": 50, "getpeername": 52, "fork": 57, "execve": 59, "kill": 62, "ptrace": 101,
           "setuid": 105, "openat": 257, "unlinkat": 263, "unshare": 272, "prlimit64": 302, "process_vm_readv": 310}
AT_FDCWD = -100


class Registers(ctypes.Structure):
    """struct user_regs_struct of sys/user.h."""
    _fields_ = [(name, ctypes.c_ulonglong) for name in REGISTERS]


class Ended(Exception):
    """The process did not survive the call; signal is what ended it."""

    def __init__(self, number):
        super().__init__(signal.Signals(number).name)
        self.signal = number


def ptrace(request, pid, address=0, data=0):
    if LIBC.ptrace(request, pid, address, data) < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"ptrace {request:#x}: {os.strerror(number)}")


class Taken:
    """With-block: the thread is stopped, call() works; at its end it goes on as if nothing had happened."""

    def __init__(self, pid):
        self.pid = pid
        self.ended = False

    def __enter__(self):
        ptrace(SEIZE, self.pid)
        ptrace(INTERRUPT, self.pid)
        self.wait()
        self.saved = Registers()
        ptrace(GETREGS, self.pid, 0, ctypes.addressof(self.saved))
        self.memory = open(f"/proc/{self.pid}/mem", "r+b", buffering=0)
        self.instruction = self.find_instruction()
        return self

    def __exit__(self, *_):
        if not self.ended:
            ptrace(SETREGS, self.pid, 0, ctypes.addressof(self.saved))
            ptrace(DETACH, self.pid)
        self.memory.close()

    def find_instruction(self):
        """Where its C library makes a system call. Nothing is changed there: other threads run on."""
        with open(f"/proc/{self.pid}/maps") as maps:
            for line in maps:
                if "/libc.so" in line and " r-xp " in line:
                    start, end = (int(x, 16) for x in line.split()[0].split("-"))
                    return start + self.peek(start, end - start).index(SYSCALL_INSTRUCTION)
        raise AssertionError("no C library")

    def wait(self):
        _, status = os.waitpid(self.pid, 0x40000000)  # __WALL
        if os.WIFSIGNALED(status):
            self.ended = True
            raise Ended(os.WTERMSIG(status))

    def peek(self, address, size):
        self.memory.seek(address)
        return self.memory.read(size)

    def poke(self, address, data):
        self.memory.seek(address)
        self.memory.write(data)

    def call(self, name, *args):
        """What the call returned; OSError of its errno; Ended. An argument of bytes is put into its memory."""
        place = self.saved.rsp - 8192  # below the red zone; its stack was deeper than that before
        values = []
        for value in args:
            if isinstance(value, (bytes, bytearray)):
                self.poke(place, value)
                values.append(place)
                place += (len(value) + 15) & ~15
            else:
                values.append(value & (1 << 64) - 1)
        registers = Registers()
        ctypes.memmove(ctypes.addressof(registers), ctypes.addressof(self.saved), ctypes.sizeof(registers))
        registers.orig_rax = (1 << 64) - 1  # no call to go on with
        registers.rax = NUMBERS[name]
        registers.rip = self.instruction
        for register, value in zip(("rdi", "rsi", "rdx", "r10", "r8", "r9"), values):
            setattr(registers, register, value)
        ptrace(SETREGS, self.pid, 0, ctypes.addressof(registers))
        ptrace(SINGLESTEP, self.pid)
        self.wait()
        ptrace(GETREGS, self.pid, 0, ctypes.addressof(registers))
        self.buffers = [value for value, arg in zip(values, args) if isinstance(arg, (bytes, bytearray))]
        result = ctypes.c_longlong(registers.rax).value
        if -4096 < result < 0:
            raise OSError(-result, f"{name}: {os.strerror(-result)}")
        return result

    def open(self, path, flags=os.O_RDONLY):
        return self.call("openat", AT_FDCWD, path.encode() + b"\0", flags, 0o600)


def outcome(pid, *calls):
    """"ok", "EACCES", "SIGSYS": how the last of the calls went in that process, each (name, argument, ...). An argument of None
    is what the call before returned."""
    last = 0
    try:
        with Taken(pid) as taken:
            for name, *args in calls:
                last = taken.call(name, *(last if a is None else a for a in args))
    except Ended as end:
        return str(end)
    except OSError as error:
        return errno.errorcode.get(error.errno, str(error))
    return "ok"
