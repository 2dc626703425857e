.globl _start
_start: lea rdi, [rip + main]
    jmp __libc_start_main@PLT
