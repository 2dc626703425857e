//! Whether a mapped ELF file was loaded, or is only mapped as data.

use super::elf::Phdr;
use super::image::Layout;
use crate::{Mapping, MappingKind, MemoryMap, Permissions};

/// The largest page size of all kernels, in bytes: a mapping begins less than this before its segment.
const MAX_PAGE: usize = 0x1_0000;

/// Whether the mapping can begin with an ELF header that a loader has mapped.
pub(super) fn may_have_header(mapping: &Mapping) -> bool {
    let permissions = mapping.permissions;
    // A loader maps the header with constants or code.
    let is_data =
        permissions.contains(Permissions::WRITE) && !permissions.contains(Permissions::EXECUTE);
    let is_start = match mapping.kind {
        MappingKind::Vmo { offset, .. } => offset == 0,
        MappingKind::Anonymous => true,
        // Linux refuses reads of the data of its vDSO.
        MappingKind::Vdso => !mapping.name.starts_with("[vvar"),
    };
    is_start && !is_data && !permissions.is_empty()
}

/// Whether the mappings are those that a loader makes of these segments. `header` is the mapping with
/// the ELF header.
///
/// Programs also map ELF files as data, for example to read their own symbols. Then the whole file is
/// one mapping, or a part of it is mapped. So a segment with code must be mapped as executable, and one
/// with variables must not be in the mapping of the header, unless that is writable.
pub(super) fn is_loaded(
    map: &MemoryMap,
    header: &Mapping,
    layout: &Layout,
    loads: &[&Phdr],
) -> bool {
    let mut segments = layout.segments.iter().zip(loads);
    segments.all(|(segment, phdr)| {
        let (start, required) = (segment.range.start, segment.permissions);
        if header.range.contains(&start) {
            let is_write_allowed = header.permissions.contains(Permissions::WRITE);
            if required.contains(Permissions::WRITE) && !is_write_allowed {
                return false;
            }
        }
        !required.contains(Permissions::EXECUTE)
            || map.find(start).is_some_and(|code| {
                code.permissions.contains(Permissions::EXECUTE)
                    && is_mapped_from(header, code, start, phdr)
            })
    })
}

/// Whether the mapping `code` has the segment of `phdr` at `start`.
fn is_mapped_from(header: &Mapping, code: &Mapping, start: usize, phdr: &Phdr) -> bool {
    let in_mapping = start.saturating_sub(code.range.start);
    let koid = |mapping: &Mapping| match mapping.kind {
        MappingKind::Vmo { koid, .. } => Some(koid),
        MappingKind::Anonymous | MappingKind::Vdso => None,
    };
    match code.kind {
        MappingKind::Vmo {
            koid: other,
            offset,
        } if koid(header) == Some(other) => {
            offset.checked_add(in_mapping as u64) == Some(phdr.offset)
        }
        // A copy of the mapping. Kernels since about 2025 make one when a debugger writes to code
        // (`VmMapping::ForceWritable`, read in the source: its offset is 0). Linux programs make one to
        // move their code to huge pages.
        MappingKind::Vmo { offset, .. } => offset == 0 && in_mapping < MAX_PAGE,
        // The same, or all of the image is in memory without a file.
        MappingKind::Anonymous => code.range == header.range || in_mapping < MAX_PAGE,
        // The kernel's memory. The kind has no offset.
        MappingKind::Vdso => header.kind == MappingKind::Vdso,
    }
}
