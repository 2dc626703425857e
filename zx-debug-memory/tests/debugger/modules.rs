//! The modules of the debuggee.

use super::debuggee::Debuggee;
use zx_debug_memory::{MappingKind, MemoryMap, Modules, Permissions};

pub(crate) fn program_and_vdso_are_modules() {
    let debuggee = Debuggee::start();
    let process = debuggee.process();
    let map = MemoryMap::read(&process).unwrap();
    let modules = Modules::read(&map, &process).unwrap();
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
