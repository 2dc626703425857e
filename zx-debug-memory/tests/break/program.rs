//! C programs to debug.

use std::path::PathBuf;
use std::process::{Command, Stdio};

pub(crate) struct Program {
    file: PathBuf,
    _folder: tempfile::TempDir,
}

/// The function with the breakpoint. It is called more often than a call is in the source.
const WORK: &str = r#"
    #include <pthread.h>
    #include <signal.h>
    #include <stdio.h>
    #include <unistd.h>
    __attribute__((noinline)) int work(int n) { __asm__ volatile(""); return n + 1; }
"#;

impl Program {
    /// Eight threads call the function 200 times each.
    pub(crate) fn with_threads() -> Self {
        Self::compile(
            r#"
            static int total;
            static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
            static void *run(void *unused) {
                int sum = 0;
                for (int i = 0; i < 200; i++) sum = work(sum);
                pthread_mutex_lock(&lock);
                total += sum;
                pthread_mutex_unlock(&lock);
                return unused;
            }
            int main(void) {
                pthread_t threads[8];
                for (int i = 0; i < 8; i++) pthread_create(threads + i, 0, run, 0);
                for (int i = 0; i < 8; i++) pthread_join(threads[i], 0);
                printf("total %d\n", total);
                return 7;
            }"#,
        )
    }

    /// Calls the function and prints the number of the call, for two seconds.
    pub(crate) fn that_counts() -> Self {
        Self::compile(
            r#"
            int main(void) {
                for (int i = 0; i < 200; i = work(i)) {
                    printf("%d\n", i);
                    fflush(stdout);
                    usleep(10000);
                }
                puts("end");
            }"#,
        )
    }

    /// Between the calls, the program gets signals: one from another thread, and one from a break
    /// instruction of its own.
    pub(crate) fn with_signals() -> Self {
        Self::compile(
            r#"
            static volatile int user, trap;
            static pthread_t first;
            static void on_user(int unused) { (void)unused; user++; }
            static void on_trap(int unused, siginfo_t *info, void *context) {
                (void)unused; (void)info; (void)context;
                trap++;
            #if defined(__aarch64__)
                ((ucontext_t *)context)->uc_mcontext.pc += 4;
            #elif defined(__riscv)
                ((ucontext_t *)context)->uc_mcontext.__gregs[0] += 4;
            #endif
            }
            static void *send(void *unused) {
                for (int i = 0; i < 10; i++) {
                    pthread_kill(first, SIGUSR1);
                    while (user <= i) usleep(100);
                }
                return unused;
            }
            int main(void) {
                struct sigaction action = { .sa_sigaction = on_trap, .sa_flags = SA_SIGINFO };
                pthread_t sender;
                first = pthread_self();
                sigaction(SIGTRAP, &action, 0);
                signal(SIGUSR1, on_user);
                pthread_create(&sender, 0, send, 0);
                for (int i = 0; i < 10; i++) {
                    work(i);
            #if defined(__x86_64__)
                    __asm__ volatile("int3");
            #elif defined(__aarch64__)
                    __asm__ volatile("brk #0");
            #else
                    __asm__ volatile(".option push\n.option norvc\nebreak\n.option pop");
            #endif
                }
                while (user < 10) work(0);
                pthread_join(sender, 0);
                printf("SIGUSR1 %d\nSIGTRAP %d\n", user, trap);
            }"#,
        )
    }

    /// The first thread ends. Another one calls the function, and cancels a third one, for which glibc sends
    /// a real-time signal.
    pub(crate) fn without_first_thread() -> Self {
        Self::compile(
            r#"
            static void *wait(void *unused) { for (;;) pause(); return unused; }
            static void *run(void *first) {
                pthread_t waiting;
                pthread_join(*(pthread_t *)first, 0);
                work(1);
                pthread_create(&waiting, 0, wait, 0);
                pthread_cancel(waiting);
                pthread_join(waiting, 0);
                work(2);
                puts("end");
                fflush(stdout);
                _exit(3);
            }
            int main(void) {
                static pthread_t first;
                pthread_t thread;
                first = pthread_self();
                pthread_create(&thread, 0, run, &first);
                pthread_exit(0);
            }"#,
        )
    }

    fn compile(source: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("program");
        let mut compiler = Command::new("cc")
            .args([
                "-O1",
                "-g",
                "-pthread",
                "-D_GNU_SOURCE",
                "-x",
                "c",
                "-",
                "-o",
            ])
            .arg(&file)
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let text = format!("{WORK}{source}");
        std::io::Write::write_all(compiler.stdin.as_mut().unwrap(), text.as_bytes()).unwrap();
        assert!(compiler.wait().unwrap().success());
        Self {
            file,
            _folder: folder,
        }
    }

    pub(crate) fn path(&self) -> &str {
        self.file.to_str().unwrap()
    }
}
