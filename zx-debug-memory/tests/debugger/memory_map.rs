//! The memory map of the debuggee.

use super::debuggee::{Debuggee, LEN};
use zx_debug_memory::{BreakInstruction, Breakpoints, MappingKind, MemoryMap, OnDrop, Permissions};
use zx_process_memory::{Rights, Status};

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
    let debuggee = Debuggee::start();
    let map = MemoryMap::read(&debuggee.process()).unwrap();
    let has = |permissions| map.iter().any(|mapping| mapping.permissions == permissions);
    // Linkers for Fuchsia can make code execute-only.
    assert!(has(Permissions::READ | Permissions::EXECUTE) || has(Permissions::EXECUTE));
}

pub(crate) fn mappings_are_sorted_and_do_not_overlap() {
    let debuggee = Debuggee::start();
    let map = MemoryMap::read(&debuggee.process()).unwrap();
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

pub(crate) fn vdso_has_its_own_kind() {
    let debuggee = Debuggee::start();
    let process = debuggee.process();
    let map = MemoryMap::read(&process).unwrap();
    let code = map
        .iter()
        .filter(|mapping| mapping.kind == MappingKind::Vdso)
        .find(|mapping| mapping.permissions.contains(Permissions::EXECUTE))
        .unwrap_or_else(|| panic!("no vDSO in {map:?}"));
    assert_eq!(process.read_memory(code.range.start, &mut [0]), Ok(1));
}

pub(crate) fn map_requires_the_inspect_right() {
    let debuggee = Debuggee::start();
    let process = debuggee.process();
    let without = process.duplicate(Rights::TRANSFER).unwrap();
    assert_eq!(MemoryMap::read(&without).unwrap_err(), Status::AccessDenied);
    let with = process.duplicate(Rights::INSPECT).unwrap();
    assert!(MemoryMap::read(&with).is_ok());
}

pub(crate) fn blocks_have_holes_and_no_break_instructions() {
    let mut debuggee = Debuggee::start();
    let code: [u8; LEN] = std::array::from_fn(|index| u8::try_from(index).unwrap());
    debuggee.store(0, &code);
    let mut breakpoints = Breakpoints::new(debuggee.process(), OnDrop::Remove);
    let vaddr = debuggee.vaddr + 8;
    breakpoints
        .insert(vaddr, BreakInstruction::Riscv64Ebreak)
        .unwrap();
    let map = MemoryMap::read(breakpoints.process()).unwrap();

    let range = debuggee.vaddr..debuggee.vaddr + LEN;
    let blocks = map.read_blocks(&breakpoints, range.clone()).unwrap();
    assert_eq!(blocks.len(), 1, "{blocks:?}");
    assert_eq!(blocks[0].range, range);
    assert_eq!(blocks[0].bytes.as_deref(), Some(&code[..]));

    // The end of the last mapping that follows without a gap.
    let code_at = map
        .iter()
        .position(|mapping| mapping.range.contains(&vaddr))
        .unwrap();
    let mut from_code = map.iter().skip(code_at).peekable();
    let end = loop {
        let mapping = from_code.next().unwrap();
        match from_code.peek() {
            Some(next) if next.range.start == mapping.range.end => {}
            _ => break mapping.range.end,
        }
    };
    let blocks = map.read_blocks(&breakpoints, end - 16..end + 16).unwrap();
    let summary: Vec<_> = blocks
        .iter()
        .map(|block| (block.range.clone(), block.bytes.is_some()))
        .collect();
    assert_eq!(summary, [(end - 16..end, true), (end..end + 16, false)]);
}

#[cfg(target_os = "linux")]
pub(crate) fn map_of_an_ended_process_is_bad_state() {
    let debuggee = Debuggee::start();
    let process = debuggee.process();
    debuggee.end();
    assert_eq!(MemoryMap::read(&process).unwrap_err(), Status::BadState);
}
