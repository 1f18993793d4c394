"""Cuts the power of a file system: shut-down.py DIRECTORY FLAG, where FLAG is that of FS_IOC_SHUTDOWN.

1 writes the journal and then shuts down: names survive, data that was not synced does not.
2 shuts down at once: nothing survives that was not synced.
"""
import fcntl
import os
import struct
import sys

FS_IOC_SHUTDOWN = 0x8004587D

fd = os.open(sys.argv[1], os.O_RDONLY)
fcntl.ioctl(fd, FS_IOC_SHUTDOWN, struct.pack("I", int(sys.argv[2])))
os.close(fd)
