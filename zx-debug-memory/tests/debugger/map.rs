//! What is mapped in the debuggee.

use super::debuggee::{Debuggee, LEN};
use zx_debug_memory::{MappingKind, MemoryMap, Permissions};
use zx_process_memory::{Rights, Status};

pub(crate) fn the_victims_memory_is_mapped() {
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
    let text = |permissions| map.iter().any(|mapping| mapping.permissions == permissions);
    // Linkers for Fuchsia may leave out the right to read code.
    assert!(text(Permissions::READ | Permissions::EXECUTE) || text(Permissions::EXECUTE));
}

pub(crate) fn mappings_are_in_order_and_apart() {
    let debuggee = Debuggee::start();
    let map = MemoryMap::read(&debuggee.process()).unwrap();
    let mappings: Vec<_> = map.iter().collect();
    assert!(mappings.len() > 5, "{map:?}");
    assert!(
        mappings
            .iter()
            .all(|mapping| mapping.range.start < mapping.range.end)
    );
    for two in mappings.windows(2) {
        assert!(
            two[0].range.end <= two[1].range.start,
            "{} {}",
            two[0],
            two[1]
        );
    }
}

pub(crate) fn a_mapping_can_be_read_from_its_first_byte_to_its_last() {
    let debuggee = Debuggee::start();
    let process = debuggee.process();
    let map = MemoryMap::read(&process).unwrap();
    let mut read = 0;
    for mapping in &map {
        for vaddr in [mapping.range.start, mapping.range.end - 1] {
            match process.read_memory(vaddr, &mut [0]) {
                Ok(1) => read += 1,
                // A VMO or file may be shorter than its mapping, and Linux does not show
                // the data of its vDSO.
                Err(Status::OutOfRange) => {}
                Err(Status::AccessDenied) if mapping.kind == MappingKind::Vdso => {}
                other => panic!("{mapping}: {other:?}"),
            }
        }
    }
    assert!(read > map.iter().count(), "{map:?}");
}

pub(crate) fn the_vdso_is_told_apart() {
    let debuggee = Debuggee::start();
    let process = debuggee.process();
    let map = MemoryMap::read(&process).unwrap();
    let vdso: Vec<_> = map
        .iter()
        .filter(|mapping| mapping.kind == MappingKind::Vdso)
        .collect();
    let code = vdso
        .iter()
        .find(|mapping| mapping.permissions.contains(Permissions::EXECUTE))
        .unwrap_or_else(|| panic!("no vDSO in {map:?}"));
    let mut byte = [0];
    assert_eq!(process.read_memory(code.range.start, &mut byte), Ok(1));
    // The byte that is there; kernels of 2018 write it.
    let written = process.write_memory(code.range.start, &byte);
    assert!(
        [Err(Status::AccessDenied), Ok(1)].contains(&written),
        "{written:?}"
    );
}

pub(crate) fn the_right_is_needed() {
    let debuggee = Debuggee::start();
    let process = debuggee.process();
    let blind = process.duplicate(Rights::TRANSFER).unwrap();
    assert_eq!(MemoryMap::read(&blind).unwrap_err(), Status::AccessDenied);
    let enough = process.duplicate(Rights::INSPECT).unwrap();
    assert!(MemoryMap::read(&enough).is_ok());
}

#[cfg(target_os = "linux")]
pub(crate) fn the_map_of_a_process_that_is_gone_is_refused() {
    let debuggee = Debuggee::start();
    let process = debuggee.process();
    debuggee.ends();
    assert_eq!(MemoryMap::read(&process).unwrap_err(), Status::BadState);
}
