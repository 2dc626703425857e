use criterion::measurement::WallTime;
use criterion::{BatchSize, BenchmarkGroup, BenchmarkId, Criterion, SamplingMode, Throughput};
use nix::sys::uio::{RemoteIoVec, process_vm_readv, process_vm_writev};
use nix::unistd::Pid;
use process_memory::{CopyAddress, ProcessHandle, PutAddress, TryIntoProcessHandle};
use process_vm_io::ProcessVirtualMemoryIO;
use rustix::mm::{MapFlags, ProtFlags, mmap_anonymous};
use std::fs::{File, OpenOptions};
use std::io::{
    BufRead, BufReader, IoSlice, IoSliceMut, Read as _, Seek as _, SeekFrom, Write as _,
};
use std::os::unix::fs::FileExt;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use zx_process_memory::Process;

const SIZES: [usize; 6] = [1, 64, 4 << 10, 64 << 10, 1 << 20, 64 << 20];
/// The size of the target's mapping.
const ALL: usize = 1 << 30;
/// The size of each raw call that writes a part of the mapping.
const PART: usize = 64 << 20;
/// The argument that makes this program the target.
const TARGET: &str = "run-target";

pub(crate) fn main() {
    if std::env::args().nth(1).as_deref() == Some(TARGET) {
        return run_target();
    }
    let target = Target::start();
    let mut criterion = Criterion::default().configure_from_args();
    bench_writes(&mut criterion, &target);
    bench_reads(&mut criterion, &target);
    criterion.final_summary();
}

/// A child process with a mapping of `ALL` bytes at `vaddr`, whose pages are all present.
struct Target {
    child: Child,
    vaddr: usize,
    process: Process,
    file: File,
    handle: ProcessHandle,
    pid: Pid,
}

impl Target {
    fn start() -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .arg(TARGET)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let stdout = child.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        let id = i32::try_from(child.id()).unwrap();
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .open(format!("/proc/{id}/mem"));
        Self {
            vaddr: line.trim().parse().unwrap(),
            process: Process::from_child(&child).unwrap(),
            file: file.unwrap(),
            handle: id.try_into_process_handle().unwrap(),
            pid: Pid::from_raw(id),
            child,
        }
    }

    fn vm_io(&self) -> ProcessVirtualMemoryIO {
        // SAFETY: the benchmark writes only the target's mapping at `vaddr`, and the target's code
        // does not use that mapping.
        unsafe { ProcessVirtualMemoryIO::new(self.child.id(), 0) }.unwrap()
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Maps the memory, prints its address, and waits until the benchmark closes the pipe.
fn run_target() {
    let protection = ProtFlags::READ | ProtFlags::WRITE;
    let flags = MapFlags::PRIVATE | MapFlags::POPULATE;
    // SAFETY: the address is null, so the kernel chooses an unused range. No existing mapping changes.
    let base = unsafe { mmap_anonymous(std::ptr::null_mut(), ALL, protection, flags) };
    println!("{}", base.unwrap().addr());
    let _ = std::io::stdin().lines().next();
}

fn group<'a>(criterion: &'a mut Criterion, name: &str) -> BenchmarkGroup<'a, WallTime> {
    let mut group = criterion.benchmark_group(name);
    group
        .sample_size(40)
        .warm_up_time(Duration::from_millis(300));
    group
}

fn prepare(group: &mut BenchmarkGroup<'_, WallTime>, size: usize) {
    group.throughput(Throughput::Bytes(size as u64));
    let (mode, time) = if size < 1 << 20 {
        (SamplingMode::Linear, 1500)
    } else {
        (SamplingMode::Flat, 2500)
    };
    group
        .sampling_mode(mode)
        .measurement_time(Duration::from_millis(time));
}

fn bench_writes(criterion: &mut Criterion, target: &Target) {
    let Target {
        vaddr,
        process,
        file,
        handle,
        pid,
        ..
    } = target;
    let (vaddr, pid) = (*vaddr, *pid);
    let mut group = group(criterion, "write");
    for size in SIZES {
        prepare(&mut group, size);
        let bytes = vec![0x5a; size];
        group.bench_function(BenchmarkId::new("ours", size), |bencher| {
            bencher.iter(|| process.write_memory(vaddr, &bytes).unwrap());
        });
        group.bench_function(BenchmarkId::new("file", size), |bencher| {
            bencher.iter(|| file.write_at(&bytes, vaddr as u64).unwrap());
        });
        group.bench_function(BenchmarkId::new("vm", size), |bencher| {
            let remote = [RemoteIoVec {
                base: vaddr,
                len: size,
            }];
            bencher.iter(|| process_vm_writev(pid, &[IoSlice::new(&bytes)], &remote).unwrap());
        });
        group.bench_function(BenchmarkId::new("process-memory", size), |bencher| {
            bencher.iter(|| handle.put_address(vaddr, &bytes).unwrap());
        });
        group.bench_function(BenchmarkId::new("process_vm_io", size), |bencher| {
            let mut vm_io = target.vm_io();
            bencher.iter(|| {
                vm_io.seek(SeekFrom::Start(vaddr as u64)).unwrap();
                vm_io.write_all(&bytes).unwrap();
            });
        });
        group.bench_function(BenchmarkId::new("memcpy", size), |bencher| {
            let mut to = vec![0; size];
            bencher.iter(|| std::hint::black_box(&mut to[..]).copy_from_slice(&bytes));
        });
    }
    // Each iteration takes about half a second.
    let bytes = vec![0x5a; ALL];
    prepare(&mut group, ALL);
    group
        .sample_size(10)
        .measurement_time(Duration::from_secs(8));
    group.bench_function(BenchmarkId::new("ours", ALL), |bencher| {
        let write = |()| process.write_all_memory(vaddr, &bytes).unwrap();
        bencher.iter_batched(|| (), write, BatchSize::PerIteration);
    });
    group.bench_function(BenchmarkId::new("file", ALL), |bencher| {
        let write = |()| {
            for (part, at) in bytes.chunks(PART).zip((vaddr..).step_by(PART)) {
                assert_eq!(file.write_at(part, at as u64).unwrap(), PART);
            }
        };
        bencher.iter_batched(|| (), write, BatchSize::PerIteration);
    });
    group.finish();
}

fn bench_reads(criterion: &mut Criterion, target: &Target) {
    let Target {
        vaddr,
        process,
        file,
        handle,
        pid,
        ..
    } = target;
    let (vaddr, pid) = (*vaddr, *pid);
    let mut group = group(criterion, "read");
    for size in SIZES {
        prepare(&mut group, size);
        let mut buffer = vec![0; size];
        group.bench_function(BenchmarkId::new("ours", size), |bencher| {
            bencher.iter(|| process.read_memory(vaddr, &mut buffer).unwrap());
        });
        group.bench_function(BenchmarkId::new("file", size), |bencher| {
            bencher.iter(|| file.read_at(&mut buffer, vaddr as u64).unwrap());
        });
        group.bench_function(BenchmarkId::new("vm", size), |bencher| {
            let remote = [RemoteIoVec {
                base: vaddr,
                len: size,
            }];
            bencher.iter(|| {
                process_vm_readv(pid, &mut [IoSliceMut::new(&mut buffer)], &remote).unwrap()
            });
        });
        group.bench_function(BenchmarkId::new("process-memory", size), |bencher| {
            bencher.iter(|| handle.copy_address(vaddr, &mut buffer).unwrap());
        });
        group.bench_function(BenchmarkId::new("process_vm_io", size), |bencher| {
            let mut vm_io = target.vm_io();
            bencher.iter(|| {
                vm_io.seek(SeekFrom::Start(vaddr as u64)).unwrap();
                vm_io.read_exact(&mut buffer).unwrap();
            });
        });
        group.bench_function(BenchmarkId::new("memcpy", size), |bencher| {
            let from = vec![0x5a; size];
            bencher.iter(|| std::hint::black_box(&mut buffer[..]).copy_from_slice(&from));
        });
    }
    group.finish();
}
