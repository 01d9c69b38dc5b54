"""The box that a student's code runs in.

Trusted side: `box` (how it is made here), `nursery` (keeps a process in it that has everything
imported, and forks workers from that), `worker`, `watchdog` and `processes` (what is seen and ended
from outside), `doctor` (proves that it holds). Inside: `zygote`, `confine` and `seccomp` (close it
around a worker), `student` and `recorder` (serve requests beside the student's code).

Nothing is imported here, and the trusted side's modules can be imported on every system.
"""
