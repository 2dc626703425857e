.globl _start
_start: adrp x0, main
    add x0, x0, :lo12:main
    b __libc_start_main
