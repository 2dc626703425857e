use criterion::{BenchmarkId, Criterion};
use std::cell::RefCell;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use zx_debug_memory::{Breakpoints, MemoryMap, Modules, OnDrop, ReadMemory};
use zx_process_memory::{Process, Status};

/// The number of libraries that are loaded in addition to those of this program.
const LIBRARIES: usize = 50;
/// The argument that makes this program the target.
const TARGET: &str = "run-target";

pub(crate) fn main() {
    if std::env::args().nth(1).as_deref() == Some(TARGET) {
        println!();
        let _ = std::io::stdin().lines().next();
        return;
    }
    let target = Target::start();
    let mut criterion = Criterion::default()
        .sample_size(40)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(3))
        .configure_from_args();
    bench(&mut criterion, &target);
    criterion.final_summary();
}

/// A child process with copies of a library.
struct Target {
    child: Child,
    directory: PathBuf,
}

impl Target {
    fn start() -> Self {
        let maps = fs::read_to_string("/proc/self/maps").unwrap();
        let mut paths = maps
            .lines()
            .filter_map(|line| line.split_whitespace().nth(5));
        let library = paths.find(|path| path.contains("/libgcc_s.so")).unwrap();
        let directory = std::env::temp_dir().join(format!("modules-{}", std::process::id()));
        fs::create_dir(&directory).unwrap();
        let copy = |index| {
            let copy = directory.join(format!("{index}.so"));
            fs::copy(library, &copy).unwrap();
            copy.into_os_string().into_string().unwrap()
        };
        let copies: Vec<_> = (0..LIBRARIES).map(copy).collect();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .arg(TARGET)
            .env("LD_PRELOAD", copies.join(":"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = child.stdout.take().unwrap();
        BufReader::new(stdout)
            .read_line(&mut String::new())
            .unwrap();
        Self { child, directory }
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// Records the address and the length of each read.
struct Recorder<'a> {
    process: &'a Process,
    reads: RefCell<Vec<(usize, usize)>>,
}

impl ReadMemory for Recorder<'_> {
    fn read_memory(&self, vaddr: usize, buffer: &mut [u8]) -> Result<usize, Status> {
        self.reads.borrow_mut().push((vaddr, buffer.len()));
        self.process.read_memory(vaddr, buffer)
    }
}

fn bench(criterion: &mut Criterion, target: &Target) {
    let process = Process::from_child(&target.child).unwrap();
    let map = MemoryMap::read(&process).unwrap();
    let reads = RefCell::default();
    let recorder = Recorder {
        process: &process,
        reads,
    };
    let modules = Modules::read(&map, &recorder).unwrap().iter().count();
    let reads = recorder.reads.into_inner();
    let bytes: usize = reads.iter().map(|(_, len)| len).sum();
    println!("{modules} modules, {} reads, {bytes} bytes", reads.len());
    assert!(modules > LIBRARIES);

    let mut group = criterion.benchmark_group("modules");
    group.bench_function(BenchmarkId::new("Modules", modules), |bencher| {
        bencher.iter(|| Modules::read(&map, &process).unwrap());
    });
    group.bench_function(
        BenchmarkId::new("Modules_through_Breakpoints", modules),
        |bencher| {
            let breakpoints = Breakpoints::new(&process, OnDrop::Remove);
            bencher.iter(|| Modules::read(&map, &breakpoints).unwrap());
        },
    );
    group.bench_function(BenchmarkId::new("raw", modules), |bencher| {
        let file = File::open(format!("/proc/{}/mem", target.child.id())).unwrap();
        let mut buffer = [0; 4096];
        bencher.iter(|| {
            for (vaddr, len) in &reads {
                file.read_at(&mut buffer[..*len], *vaddr as u64).unwrap();
            }
        });
    });
    group.bench_function(BenchmarkId::new("MemoryMap", modules), |bencher| {
        bencher.iter(|| MemoryMap::read(&process).unwrap());
    });
    group.finish();
}
