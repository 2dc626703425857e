//! Memory maps of the debuggee and of this process.

use super::debuggee::{Debuggee, LEN};
use zx_debug_memory::{MappingKind, MemoryMap, Permissions};
use zx_process_memory::{Process, Rights, Status};

/// For tests of mappings that a process without a program does not have.
fn own_process() -> Process {
    // SAFETY: the tests write only bytes of the vDSO, to which there are no references, and only the
    // values that they have.
    unsafe { Process::current() }.unwrap()
}

pub(crate) fn map_contains_data() {
    let debuggee = Debuggee::start();
    let map = MemoryMap::read(&debuggee.process()).unwrap();
    let data = map.find(debuggee.vaddr).unwrap();
    assert!(data.range.contains(&(debuggee.vaddr + LEN - 1)), "{data}");
    assert_eq!(
        data.permissions,
        Permissions::READ | Permissions::WRITE,
        "{data}"
    );
    assert!(map.find(0).is_none());
}

pub(crate) fn map_contains_code() {
    let map = MemoryMap::read(&own_process()).unwrap();
    let code = map.find((map_contains_code as fn()) as usize).unwrap();
    // Linkers for Fuchsia can make code execute-only.
    assert!(
        [
            Permissions::READ | Permissions::EXECUTE,
            Permissions::EXECUTE
        ]
        .contains(&code.permissions),
        "{code}"
    );
}

pub(crate) fn mappings_are_sorted_and_do_not_overlap() {
    let map = MemoryMap::read(&own_process()).unwrap();
    let mappings: Vec<_> = map.iter().collect();
    assert!(mappings.len() > 5, "{map:?}");
    for mapping in &mappings {
        assert!(mapping.range.start < mapping.range.end, "{mapping}");
    }
    for pair in mappings.windows(2) {
        let (first, second) = (pair[0], pair[1]);
        assert!(first.range.end <= second.range.start, "{first} {second}");
    }
}

pub(crate) fn first_and_last_byte_of_mappings_are_readable() {
    let debuggee = Debuggee::start();
    let process = debuggee.process();
    let map = MemoryMap::read(&process).unwrap();
    let mut read = 0;
    for mapping in &map {
        for vaddr in [mapping.range.start, mapping.range.end - 1] {
            match process.read_memory(vaddr, &mut [0]) {
                Ok(1) => read += 1,
                // A VMO or a file can be shorter than its mapping.
                Err(Status::OutOfRange) => {}
                // Linux does not allow reads of its vDSO's data.
                Err(Status::AccessDenied) if mapping.kind == MappingKind::Vdso => {}
                other => panic!("{mapping}: {other:?}"),
            }
        }
    }
    assert!(read > map.iter().count(), "{map:?}");
}

/// The address of the code in the vDSO of this process.
fn vdso_code() -> usize {
    let map = MemoryMap::read(&own_process()).unwrap();
    map.iter()
        .filter(|mapping| mapping.kind == MappingKind::Vdso)
        .find(|mapping| mapping.permissions.contains(Permissions::EXECUTE))
        .unwrap_or_else(|| panic!("no vDSO in {map:?}"))
        .range
        .start
}

pub(crate) fn vdso_has_its_own_kind() {
    let read = own_process().read_memory(vdso_code(), &mut [0]);
    assert_eq!(read, Ok(1));
}

pub(crate) fn vdso_write_is_refused_since_2019() {
    let (process, vaddr) = (own_process(), vdso_code());
    let mut byte = [0];
    process.read_exact_memory(vaddr, &mut byte).unwrap();
    // Writes the byte that is there, since kernels of 2018 do not refuse it.
    let written = process.write_memory(vaddr, &byte);
    assert!(
        [Err(Status::AccessDenied), Ok(1)].contains(&written),
        "{written:?}"
    );
}

pub(crate) fn map_requires_the_inspect_right() {
    let debuggee = Debuggee::start();
    let process = debuggee.process();
    let without = process.duplicate(Rights::TRANSFER).unwrap();
    assert_eq!(MemoryMap::read(&without).unwrap_err(), Status::AccessDenied);
    let with = process.duplicate(Rights::INSPECT).unwrap();
    assert!(MemoryMap::read(&with).is_ok());
}

#[cfg(target_os = "linux")]
pub(crate) fn map_of_an_ended_process_is_bad_state() {
    let debuggee = Debuggee::start();
    let process = debuggee.process();
    debuggee.end();
    assert_eq!(MemoryMap::read(&process).unwrap_err(), Status::BadState);
}
