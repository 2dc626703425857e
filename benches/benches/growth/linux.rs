use criterion::{BenchmarkId, Criterion};
use rustix::mm::{MapFlags, ProtFlags, mmap_anonymous};
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use zx_debug_memory::gdb::{self, MemoryArch, MemoryTarget, X86_64};
use zx_debug_memory::{Breakpoints, MemoryMap, OnDrop};
use zx_process_memory::{JobRef, Process};

const NUMBERS: [usize; 3] = [1_000, 10_000, 100_000];
/// Each open process has four file descriptors.
const PROCESSES: [usize; 3] = [10, 100, 1_000];
const PAGE: usize = 4096;
/// The argument that makes this program a target with this number of mappings.
const TARGET: &str = "run-target";

pub(crate) fn main() {
    let mut arguments = std::env::args().skip(1);
    if arguments.next().as_deref() == Some(TARGET) {
        return run_target(arguments.next().unwrap().parse().unwrap());
    }
    let mut criterion = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(2))
        .configure_from_args();
    bench_mappings(&mut criterion);
    bench_processes(&mut criterion);
    bench_breakpoints(&mut criterion);
    criterion.final_summary();
}

/// A child process with mappings of one page each, from `vaddr`.
struct Target {
    child: Child,
    vaddr: usize,
}

impl Target {
    /// Returns `None` if Linux does not allow a process so many mappings.
    fn start(mappings: usize) -> Option<Self> {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([TARGET, &mappings.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let stdout = child.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        let vaddr = line.trim().parse().unwrap();
        let target = Self { child, vaddr };
        (vaddr != 0).then_some(target)
    }

    fn process(&self) -> Process {
        Process::from_child(&self.child).unwrap()
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Maps the memory, prints its address, and waits until the benchmark closes the pipe.
fn run_target(mappings: usize) {
    println!("{}", map(mappings).unwrap_or(0));
    let _ = std::io::stdin().lines().next();
}

/// Linux merges no two of these mappings, because neighbors have different permissions.
fn map(mappings: usize) -> Option<usize> {
    let (access, flags) = (ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE);
    // SAFETY: the address is null, so the kernel chooses an unused range. No existing mapping changes.
    let base = unsafe { mmap_anonymous(std::ptr::null_mut(), mappings * PAGE, access, flags) };
    let base = base.ok()?;
    for page in (1..mappings).step_by(2) {
        let (at, flags) = (base.wrapping_byte_add(page * PAGE), flags | MapFlags::FIXED);
        // SAFETY: the page is in the range that was mapped above, and nothing refers to it.
        unsafe { mmap_anonymous(at, PAGE, ProtFlags::READ, flags) }.ok()?;
    }
    Some(base.addr())
}

fn bench_mappings(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("mappings");
    for number in NUMBERS {
        let Some(target) = Target::start(number) else {
            println!("{number} mappings: skipped. Raise /proc/sys/vm/max_map_count");
            continue;
        };
        let process = target.process();
        group.bench_function(BenchmarkId::new("MemoryMap", number), |bencher| {
            bencher.iter(|| MemoryMap::read(&process).unwrap());
        });
        group.bench_function(BenchmarkId::new("raw", number), |bencher| {
            let mut buffer = vec![0; 1 << 16];
            let path = format!("/proc/{}/maps", target.child.id());
            bencher.iter(|| {
                let mut file = File::open(&path).unwrap();
                while file.read(&mut buffer).unwrap() != 0 {}
            });
        });
        let vaddr = target.vaddr + (number / 2) * PAGE;
        group.bench_function(BenchmarkId::new("write_8_bytes", number), |bencher| {
            bencher.iter(|| process.write_memory(vaddr, &[1; 8]).unwrap());
        });
        group.bench_function(BenchmarkId::new("write_over_the_end", number), |bencher| {
            bencher.iter(|| process.write_memory(vaddr, &[1; 2 * PAGE]).unwrap());
        });
    }
    group.finish();
}

fn bench_processes(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("processes");
    let job = JobRef::default_job().unwrap();
    for number in PROCESSES {
        let targets: Vec<_> = (0..number).map(|_| Target::start(1).unwrap()).collect();
        let processes: Vec<_> = targets.iter().map(Target::process).collect();
        let pid = targets[0].child.id();
        let koid = processes[0].koid().unwrap();
        group.bench_function(BenchmarkId::new("open", number), |bencher| {
            bencher.iter(|| Process::from_pid(pid).unwrap());
        });
        group.bench_function(BenchmarkId::new("find", number), |bencher| {
            bencher.iter(|| job.find_process(koid).unwrap());
        });
    }
    group.finish();
}

fn bench_breakpoints(criterion: &mut Criterion) {
    const DISTANCE: usize = 64;
    let mut group = criterion.benchmark_group("breakpoints");
    for number in NUMBERS {
        let len = number * DISTANCE;
        let target = Target::start(len.div_ceil(PAGE)).unwrap();
        let mut debugger =
            MemoryTarget::<_, X86_64>::new(Breakpoints::new(target.process(), OnDrop::Leave));
        let instruction = X86_64::break_instruction(1).unwrap();
        let vaddr = |index: usize| (target.vaddr + index * DISTANCE) as u64;
        let add = |debugger: &mut MemoryTarget<_, _>, vaddr| {
            gdb::add_sw_breakpoint::<_, ()>(debugger.breakpoints_mut(), vaddr, instruction)
        };
        for index in 0..number {
            assert_eq!(add(&mut debugger, vaddr(index)).ok(), Some(true));
        }
        let middle = vaddr(number / 2);
        group.bench_function(BenchmarkId::new("remove_and_add", number), |bencher| {
            bencher.iter(|| {
                let removed =
                    gdb::remove_sw_breakpoint::<_, ()>(debugger.breakpoints_mut(), middle);
                assert_eq!(removed.ok(), Some(true));
                assert_eq!(add(&mut debugger, middle).ok(), Some(true));
            });
        });
        group.bench_function(BenchmarkId::new("read_4_KiB", number), |bencher| {
            let mut buffer = [0; 4096];
            let middle = target.vaddr as u64 + (len / 2) as u64 / 4096 * 4096;
            bencher.iter(|| {
                let read = gdb::read_addrs::<_, ()>(debugger.breakpoints(), middle, &mut buffer);
                assert_eq!(read.ok(), Some(buffer.len()));
            });
        });
    }
    group.finish();
}
