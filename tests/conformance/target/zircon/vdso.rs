//! The vDSO: that of the suite, and a mapping of it in a child.

use super::handle::{OwnedHandle, or_skip, startup_handle};
use super::memory::allocate;
use crate::suite::target::{Skip, Vdso};
use fuchsia_zircon_sys as zx;
use std::sync::OnceLock;
use zx_process_memory::Status;
use zx_process_memory::sys::{self, zx_handle_t, zx_vaddr_t};

/// `PA_VMO_VDSO` of `<zircon/processargs.h>`: the startup handle of the vDSO's VMO.
const PA_VMO_VDSO: u32 = 0x11;

pub(crate) fn own_vdso() -> Vdso {
    let mut start: zx_vaddr_t = 0;
    // SAFETY: `start` is valid for a write of the property, which is one word.
    let raw = unsafe {
        zx::zx_object_get_property(
            sys::zx_process_self(),
            zx::ZX_PROP_PROCESS_VDSO_BASE_ADDRESS,
            (&raw mut start).cast(),
            size_of_val(&start),
        )
    };
    // A process can always read this property of itself.
    assert_eq!(Status::ok(raw), Ok(()), "zx_object_get_property");
    // The system call functions are code of the vDSO.
    let code = sys::zx_process_write_memory as *const () as zx_vaddr_t;
    Vdso { start, code }
}

/// Maps the vDSO into a process that has none, as a program loader does.
pub(super) fn map_into(vmar: zx_handle_t) -> Result<(Vdso, OwnedHandle), Skip> {
    static VMO: OnceLock<zx_handle_t> = OnceLock::new();
    let vmo = *VMO.get_or_init(|| startup_handle(PA_VMO_VDSO));
    if vmo == 0 {
        return Err("the suite has no handle to the vDSO's VMO".into());
    }
    let own = own_vdso();
    let segments = segments(own.start);
    let len = segments
        .iter()
        .map(|segment| segment.offset + segment.len)
        .max();
    let (region, start) = allocate(vmar, None, len.unwrap_or(0))?;
    for segment in segments {
        let execute = if segment.is_executable {
            zx::ZX_VM_PERM_EXECUTE
        } else {
            0
        };
        let permissions = zx::ZX_VM_PERM_READ | zx::ZX_VM_SPECIFIC | execute;
        let (offset, mut mapped) = (segment.offset, 0);
        // SAFETY: this maps a free range of a new VMAR. `mapped` is valid for a write of an address.
        let raw = unsafe {
            let to = &raw mut mapped;
            zx::zx_vmar_map(
                region.0,
                permissions,
                offset,
                vmo,
                offset as u64,
                segment.len,
                to,
            )
        };
        or_skip("zx_vmar_map of the vDSO", raw)?;
    }
    let code = start + (own.code - own.start);
    Ok((Vdso { start, code }, region))
}

/// A `PT_LOAD` segment. Its address is its offset in the VMO.
struct Segment {
    offset: usize,
    len: usize,
    is_executable: bool,
}

/// The segments of the ELF image that is mapped at `start`.
fn segments(start: zx_vaddr_t) -> Vec<Segment> {
    const PT_LOAD: u64 = 1;
    const PF_X: u64 = 1;
    const PAGE_MASK: usize = super::PAGE - 1;
    let read = |offset: usize, len: usize| {
        let bytes = crate::suite::target::own_vdso_bytes(start + offset, len);
        let bytes = bytes.into_iter().rev();
        bytes.fold(0u64, |value, byte| value << 8 | u64::from(byte))
    };
    let number = |offset, len| usize::try_from(read(offset, len)).unwrap();
    // e_phoff, e_phentsize and e_phnum of the ELF header.
    let (table, entry_len, count) = (number(32, 8), number(54, 2), number(56, 2));
    let entries = (0..count).map(|index| table + index * entry_len);
    let loads = entries.filter(|entry| read(*entry, 4) == PT_LOAD);
    loads
        .map(|entry| {
            // p_flags, p_offset and p_filesz.
            let (offset, len) = (number(entry + 8, 8), number(entry + 32, 8));
            Segment {
                offset: offset & !PAGE_MASK,
                len: (len + (offset & PAGE_MASK) + PAGE_MASK) & !PAGE_MASK,
                is_executable: read(entry + 4, 4) & PF_X != 0,
            }
        })
        .collect()
}
