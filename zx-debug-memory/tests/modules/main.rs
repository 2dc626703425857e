//! The modules of real programs, compared with `readelf` and `dl_iterate_phdr`.
#![cfg(all(target_os = "linux", target_pointer_width = "64"))]

mod readelf;
mod stopped;

use readelf::Facts;
use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};
use std::ffi::c_void;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::ptr;
use stopped::{Reported, Stopped};
use tempfile::TempDir;
use zx_debug_memory::{BreakInstruction, Breakpoints, MemoryMap, Module, Modules, OnDrop};
use zx_process_memory::{Process, Rights, Status};

/// Programs of the system, with few libraries and with many. Those that are not installed are skipped.
const PROGRAMS: [&str; 18] = [
    "bash", "cat", "curl", "find", "gdb", "git", "grep", "ld", "less", "lldb-22", "ls", "make",
    "openssl", "perl", "python3", "ssh", "tar", "vim",
];

/// Programs that Linux loads in different ways: with a loader, without one (static and
/// position-independent), at fixed addresses, and with 32 bits.
const AT_EXEC: [&str; 5] = [
    "/bin/bash",
    "/sbin/ldconfig",
    "/usr/bin/python3",
    "/lib64/ld-linux-x86-64.so.2",
    "/lib32/ld-linux.so.2",
];

fn path_of(program: &str) -> Option<PathBuf> {
    let path = Path::new("/usr/bin").join(program);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: {program} is not installed");
    None
}

/// Compiles `report.c`. Returns `None` if this system cannot compile it.
fn compile(directory: &TempDir) -> Option<PathBuf> {
    let library = directory.path().join("report.so");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/modules/report.c");
    let output = Command::new("cc")
        .args([
            "-shared",
            "-fPIC",
            "-O1",
            "-Wl,-soname,report.so.1",
            source,
            "-o",
        ])
        .arg(&library)
        .output();
    match output {
        Ok(output) if output.status.success() => Some(library),
        other => {
            println!("skipped: cc cannot compile report.c: {other:?}");
            None
        }
    }
}

/// The module in the form of `readelf`.
fn facts(module: &Module) -> Facts {
    let file_vaddr = |vaddr: usize| vaddr.wrapping_sub(module.bias) as u64;
    let segment = |segment: &zx_debug_memory::Segment| {
        let flags = segment
            .permissions
            .to_string()
            .replace('-', "")
            .to_uppercase();
        (
            file_vaddr(segment.range.start),
            segment.range.len() as u64,
            flags,
        )
    };
    let range = |range: &std::ops::Range<usize>| (file_vaddr(range.start), range.len() as u64);
    Facts {
        entry: module.entry.map(file_vaddr),
        headers: 0,
        segments: module.segments.iter().map(segment).collect(),
        dynamic: module.dynamic.as_ref().map(range),
        eh_frame_hdr: module.eh_frame_hdr.as_ref().map(range),
        soname: module.soname.clone(),
        build_id: module.build_id.as_ref().map(ToString::to_string),
    }
}

/// Compares each module with its file. Returns the number of modules.
fn compare_with_readelf(stopped: &Stopped, directory: &TempDir) -> usize {
    let modules = stopped.modules();
    for module in &modules {
        let file = stopped.file(module, directory.path());
        let mut expected = Facts::read(&file);
        let file = file.display();
        // The size of a program header depends on the class.
        let len = module.program_headers.len() as u64;
        assert!([32, 56].contains(&(len / expected.headers)), "{file}");
        assert_eq!(len % expected.headers, 0, "{file}");
        expected.headers = 0;
        assert_eq!(facts(module), expected, "{file}");
    }
    modules.iter().count()
}

#[test]
fn loaded_programs_agree_with_readelf_and_dl_iterate_phdr() {
    let directory = tempfile::tempdir().unwrap();
    let Some(library) = compile(&directory) else {
        return;
    };
    let missing = readelf::is_missing();
    if let Some(reason) = &missing {
        println!("the comparison with readelf is skipped: {reason}");
    }
    for program in PROGRAMS.into_iter().filter_map(path_of) {
        let report = directory.path().join("report");
        let (stopped, mut reported) = Stopped::after_loading(&program, &library, &report);
        std::fs::remove_file(report).unwrap();
        let modules = stopped.modules();
        let mut found: Vec<_> = modules
            .iter()
            .map(|module| {
                let headers = &module.program_headers;
                Reported(module.bias, headers.start, headers.len() / 56)
            })
            .collect();
        found.sort();
        reported.sort();
        assert_eq!(found, reported, "{program:?}");
        if missing.is_none() {
            let modules = compare_with_readelf(&stopped, &directory);
            println!("{}: {modules} modules", program.display());
        }
    }
}

#[test]
fn programs_before_their_first_instruction_agree_with_readelf() {
    if let Some(reason) = readelf::is_missing() {
        println!("skipped: {reason}");
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    for program in AT_EXEC.map(Path::new) {
        if !program.exists() {
            println!("skipped: {} is not installed", program.display());
            continue;
        }
        let stopped = Stopped::at_exec(program);
        let modules = compare_with_readelf(&stopped, &directory);
        println!("{}: {modules} modules", program.display());
        // The program and the vDSO, and its loader.
        assert!((2..=3).contains(&modules), "{program:?}");
    }
}

#[test]
fn reads_through_breakpoints_return_no_break_instructions() {
    let stopped = Stopped::at_exec(Path::new("/bin/bash"));
    let (map, modules) = (stopped.map(), stopped.modules());
    let mut breakpoints = Breakpoints::new(&stopped.process, OnDrop::Remove);
    for module in &modules {
        let mapping = map.find(module.program_headers.start).unwrap();
        // Linux has no private copy of its vDSO, so it refuses the write.
        if mapping.name == "[vdso]" {
            continue;
        }
        let parts = [
            Some(mapping.range.start),
            module.entry,
            module.dynamic.as_ref().map(|r| r.start),
        ];
        for vaddr in parts
            .into_iter()
            .flatten()
            .chain([module.program_headers.start])
        {
            breakpoints
                .insert(vaddr, BreakInstruction::X86Int3)
                .unwrap();
        }
    }
    assert_eq!(Modules::read(&map, &breakpoints), Ok(modules.clone()));
    let direct = Modules::read(&map, &stopped.process).unwrap();
    assert!(direct.iter().count() < modules.iter().count());
}

#[test]
fn own_modules_agree_with_dl_iterate_phdr() {
    extern "C" fn report(info: *mut libc::dl_phdr_info, _: usize, list: *mut c_void) -> i32 {
        // SAFETY: dl_iterate_phdr passes a valid record.
        let info = unsafe { &*info };
        // SAFETY: the pointer is that of `reported`, which nothing else uses during the call.
        let reported = unsafe { &mut *list.cast::<Vec<Reported>>() };
        let bias = usize::try_from(info.dlpi_addr).unwrap();
        reported.push(Reported(
            bias,
            info.dlpi_phdr.addr(),
            info.dlpi_phnum.into(),
        ));
        0
    }
    let mut reported = Vec::new();
    // SAFETY: `report` uses the list as what it is.
    unsafe { libc::dl_iterate_phdr(Some(report), (&raw mut reported).cast()) };
    // SAFETY: nothing is written.
    let process = unsafe { Process::current() }.unwrap();
    let modules = Modules::read(&MemoryMap::read(&process).unwrap(), &process).unwrap();
    for Reported(bias, headers, number) in reported {
        let module = modules.find(headers).unwrap();
        assert_eq!((module.bias, module.program_headers.start), (bias, headers));
        assert_eq!(
            module.program_headers.len() / size_of::<libc::Elf64_Phdr>(),
            number
        );
    }
    let here = own_modules_agree_with_dl_iterate_phdr as *const () as usize;
    assert!(
        modules
            .find(here)
            .is_some_and(|module| module.to_relative(here).is_some())
    );
}

#[test]
fn program_that_is_mapped_as_data_is_one_module() {
    // As std does for a backtrace.
    let file = File::open("/proc/self/exe").unwrap();
    let len = usize::try_from(file.metadata().unwrap().len()).unwrap();
    let (access, flags) = (ProtFlags::READ, MapFlags::PRIVATE);
    // SAFETY: the address is null, so no existing mapping changes.
    let whole = unsafe { mmap(ptr::null_mut(), len, access, flags, &file, 0) }.unwrap();
    // SAFETY: as above.
    let first_page = unsafe { mmap(ptr::null_mut(), 4096, access, flags, &file, 0) }.unwrap();
    // SAFETY: nothing is written.
    let process = unsafe { Process::current() }.unwrap();
    let modules = Modules::read(&MemoryMap::read(&process).unwrap(), &process).unwrap();
    for vaddr in [whole.addr(), first_page.addr()] {
        assert_eq!(modules.find(vaddr), None);
    }
    // SAFETY: the mapping is that from above, and nothing refers to it.
    unsafe { munmap(whole, len) }.unwrap();
    // SAFETY: as above.
    unsafe { munmap(first_page, 4096) }.unwrap();
}

#[test]
fn missing_right_and_ended_process_are_errors() {
    let mut stopped = Stopped::at_exec(Path::new("/bin/bash"));
    let map = stopped.map();
    let inspect = stopped.process.duplicate(Rights::INSPECT).unwrap();
    assert_eq!(Modules::read(&map, &inspect), Err(Status::AccessDenied));
    stopped.end();
    let status = Modules::read(&map, &stopped.process).unwrap_err();
    assert!(
        status.may_mean_unmapped() || status == Status::BadState,
        "{status}"
    );
}
