//! A process to debug. It looks at its memory itself, and changes it, as it is told.

use std::env;
use std::fmt::Display;
use std::io::{self, BufRead, BufReader, Lines, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};
use zx_process_memory::Process;

/// As many bytes can be debugged.
pub(crate) const LEN: usize = 64;

/// Atomics, so that nobody takes them for unchanged. Aligned as instructions are.
#[repr(align(64))]
struct Text([AtomicU8; LEN]);

static TEXT: Text = Text([const { AtomicU8::new(0) }; LEN]);

const WANTED: &str = "debuggee";

pub(crate) fn wanted() -> bool {
    env::args().nth(1).as_deref() == Some(WANTED)
}

pub(crate) struct Debuggee {
    pub(crate) child: Child,
    commands: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
    /// Where its text is.
    pub(crate) vaddr: usize,
}

impl Debuggee {
    pub(crate) fn start() -> Self {
        let own = env::current_exe().unwrap();
        // In a boot image, programs are named as in that image, which is `/boot`.
        let in_image = std::path::Path::new("/boot").join(own.strip_prefix("/").unwrap_or(&own));
        let mut child = Command::new(if own.exists() { own } else { in_image })
            .arg(WANTED)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // Old kernels cannot pass a debuglog on.
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let commands = child.stdin.take().unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut debuggee = Self {
            child,
            commands,
            answers,
            vaddr: 0,
        };
        debuggee.vaddr = debuggee.ask("where").parse().unwrap();
        debuggee
    }

    pub(crate) fn process(&self) -> Process {
        Process::from_child(&self.child).unwrap()
    }

    /// What the debuggee itself sees.
    pub(crate) fn sees(&mut self) -> Vec<u8> {
        parse(&self.ask("show"))
    }

    /// Has the debuggee store bytes into its own text.
    pub(crate) fn stores(&mut self, offset: usize, bytes: &[u8]) {
        self.ask(format_args!("store {offset} {}", shown(bytes)));
    }

    /// The end of its stdin is the debuggee's end.
    #[cfg(target_os = "linux")]
    pub(crate) fn ends(mut self) {
        drop(self.commands);
        self.child.wait().unwrap();
    }

    fn ask(&mut self, command: impl Display) -> String {
        writeln!(self.commands, "{command}").unwrap();
        self.answers.next().expect("the debuggee is gone").unwrap()
    }
}

/// As `1.2.255`.
fn shown(bytes: &[u8]) -> String {
    let numbers: Vec<_> = bytes.iter().map(u8::to_string).collect();
    numbers.join(".")
}

fn parse(numbers: &str) -> Vec<u8> {
    numbers
        .split('.')
        .map(|number| number.parse().unwrap())
        .collect()
}

/// The debuggee's side.
pub(crate) fn serve() {
    for line in io::stdin().lines() {
        let line = line.unwrap();
        let words: Vec<&str> = line.split(' ').collect();
        match words[0] {
            "where" => println!("{}", TEXT.0.as_ptr().addr()),
            "show" => println!(
                "{}",
                shown(&TEXT.0.each_ref().map(|byte| byte.load(Relaxed)))
            ),
            "store" => {
                let text = &TEXT.0[words[1].parse().unwrap()..];
                for (to, byte) in text.iter().zip(parse(words[2])) {
                    to.store(byte, Relaxed);
                }
                println!();
            }
            _ => panic!("{line}"),
        }
    }
}
