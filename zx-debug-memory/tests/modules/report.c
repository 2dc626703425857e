// Loaded with LD_PRELOAD: writes what dl_iterate_phdr reports to a file, and stops the program before
// its main function.
#define _GNU_SOURCE
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int report(struct dl_phdr_info *info, size_t size, void *file) {
    (void)size;
    fprintf(file, "%lx %lx %u\n", (unsigned long)info->dlpi_addr, (unsigned long)info->dlpi_phdr,
            (unsigned)info->dlpi_phnum);
    return 0;
}

__attribute__((constructor)) static void stop(void) {
    FILE *file = fopen(getenv("MODULES_REPORT"), "w");
    dl_iterate_phdr(report, file);
    fputs("end\n", file);
    fclose(file);
    for (;;)
        pause();
}
