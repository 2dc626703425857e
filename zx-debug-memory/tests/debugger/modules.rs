//! The modules of a child, or of this program if no child can be started.

use super::debuggee::{Debuggee, child_starts};
use zx_debug_memory::{Mapping, MappingKind, MemoryMap, Module, Modules, Permissions, Segment};
use zx_process_memory::{Process, Status};

/// Kernels until September 2019 refuse the memory map of the calling process.
pub(crate) fn child_starts_or_own_map_is_readable() -> Option<&'static str> {
    let reason = "this system can neither start a child nor read its own memory map";
    child_starts().and(own().is_err().then_some(reason))
}

fn own() -> Result<(MemoryMap, Modules), Status> {
    // SAFETY: nothing is written.
    let process = unsafe { Process::current() }?;
    read(&process)
}

fn read(process: &Process) -> Result<(MemoryMap, Modules), Status> {
    let map = MemoryMap::read(process)?;
    let modules = Modules::read(&map, process)?;
    Ok((map, modules))
}

fn map_and_modules() -> (MemoryMap, Modules) {
    if child_starts().is_some() {
        return own().unwrap();
    }
    read(&Debuggee::start().process()).unwrap()
}

pub(crate) fn program_and_vdso_are_modules() {
    let (map, modules) = map_and_modules();
    let is_vdso = |vaddr| {
        map.find(vaddr)
            .is_some_and(|mapping| mapping.kind == MappingKind::Vdso)
    };
    let (vdso, others): (Vec<_>, Vec<_>) = modules
        .iter()
        .partition(|module| is_vdso(module.program_headers.start));
    assert_eq!(vdso.len(), 1, "{modules:?}");
    let soname = if cfg!(target_os = "fuchsia") {
        "libzircon.so"
    } else {
        "linux-vdso.so.1"
    };
    assert_eq!(vdso[0].soname.as_deref(), Some(soname));
    assert!(vdso[0].build_id.is_some());
    assert!(
        others.iter().any(|module| module.entry.is_some()),
        "{modules:?}"
    );
    for module in others {
        let mut segments = module.segments.iter();
        let code = segments.find(|segment| segment.permissions.contains(Permissions::EXECUTE));
        let code = map.find(code.unwrap().range.start).unwrap();
        assert!(code.permissions.contains(Permissions::EXECUTE), "{module}");
    }
}

pub(crate) fn segments_lie_in_mappings_with_their_permissions() {
    let (map, modules) = map_and_modules();
    for module in &modules {
        for segment in &module.segments {
            check(&map, module, segment);
        }
    }
}

fn check(map: &MemoryMap, module: &Module, segment: &Segment) {
    let mut vaddr = segment.range.start;
    while vaddr < segment.range.end {
        let mapping = map.find(vaddr);
        let mapping =
            mapping.unwrap_or_else(|| panic!("{module}: {segment}: {vaddr:#x} is not mapped"));
        assert!(
            has_permissions_of(mapping, segment),
            "{module}: {segment}: {mapping}"
        );
        vaddr = mapping.range.end;
    }
}

/// A loader makes a part of a segment read-only, after it has written it (`PT_GNU_RELRO`).
fn has_permissions_of(mapping: &Mapping, segment: &Segment) -> bool {
    let without_write = segment.permissions - Permissions::WRITE;
    mapping.permissions.contains(without_write) && segment.permissions.contains(mapping.permissions)
}
