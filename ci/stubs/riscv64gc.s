.globl _start
_start: lla a0, main
    tail __libc_start_main@plt
