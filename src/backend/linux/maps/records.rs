//! The mappings in the form of Zircon's list.

use super::text::Line;
use crate::sys::{
    ZX_INFO_MAPS_TYPE_ASPACE, ZX_INFO_MAPS_TYPE_MAPPING, ZX_INFO_MAPS_TYPE_VMAR,
    zx_info_maps_mapping_v1_t, zx_info_maps_v1_t,
};
use fuchsia_zircon_sys::{ZX_VM_PERM_EXECUTE, ZX_VM_PERM_READ, ZX_VM_PERM_WRITE};
use std::vec::Vec;

/// The koid of a file with the inode 0. Zircon does not use the upper half of the koids, and Linux
/// numbers inodes from below.
const KOID_OF_INODE_0: u64 = 1 << 63;

/// The size of the address space, unless mappings are above it, as on arm64 or with five-level paging.
const MIN_SPACE: usize = 1 << 47;

/// A record for the address space, one for its only VMAR, and one for each mapping. The mappings are in
/// order of their addresses and do not overlap.
pub(crate) struct Records(Vec<zx_info_maps_v1_t>);

impl Records {
    pub(crate) fn new() -> Self {
        let node = |name: &[u8], depth, type_| zx_info_maps_v1_t {
            name: record_name(name),
            size: MIN_SPACE,
            depth,
            type_,
            ..Default::default()
        };
        let space = node(b"proc", 0, ZX_INFO_MAPS_TYPE_ASPACE);
        let root = node(b"root", 1, ZX_INFO_MAPS_TYPE_VMAR);
        Self(std::vec![space, root])
    }

    /// Adds the mapping of a line.
    ///
    /// Linux writes the text page by page, and the process can change its mappings in between. A line
    /// can then overlap earlier ones. It was written later, so it takes precedence.
    pub(crate) fn push(&mut self, line: &Line<'_>) {
        while let Some(last) = self.0.last_mut() {
            if last.type_ != ZX_INFO_MAPS_TYPE_MAPPING || last.base + last.size <= line.start {
                break;
            }
            if last.base < line.start {
                last.size = line.start - last.base;
                break;
            }
            self.0.pop();
        }
        self.0.push(record(line));
    }

    /// Returns `None` if the text had no mapping, as after the end of the process.
    pub(crate) fn into_vec(mut self) -> Option<Vec<zx_info_maps_v1_t>> {
        let [space, root, .., last] = &mut self.0[..] else {
            return None;
        };
        let size = MIN_SPACE.max(last.base + last.size);
        (space.size, root.size) = (size, size);
        Some(self.0)
    }
}

fn record(line: &Line<'_>) -> zx_info_maps_v1_t {
    let flag = |letter, flag| if line.has(letter) { flag } else { 0 };
    zx_info_maps_v1_t {
        name: record_name(vmo_name(line.name)),
        base: line.start,
        size: line.end - line.start,
        depth: 2,
        type_: ZX_INFO_MAPS_TYPE_MAPPING,
        mapping: zx_info_maps_mapping_v1_t {
            mmu_flags: flag(b'r', ZX_VM_PERM_READ)
                | flag(b'w', ZX_VM_PERM_WRITE)
                | flag(b'x', ZX_VM_PERM_EXECUTE),
            vmo_koid: match line.inode {
                0 if line.is_file_backed() => KOID_OF_INODE_0,
                inode => inode,
            },
            vmo_offset: line.offset,
            ..Default::default()
        },
        ..Default::default()
    }
}

/// Returns the last component of a path, and any other name whole. Linux writes the name of a memfd like
/// that of a file in the root directory: `/memfd:NAME`, in which NAME can contain slashes.
fn vmo_name(name: &[u8]) -> &[u8] {
    match name.strip_prefix(b"/") {
        Some(memfd) if memfd.starts_with(b"memfd:") => memfd,
        Some(path) => path.rsplit(|byte| *byte == b'/').next().unwrap_or(path),
        None => name,
    }
}

/// Truncates a name to 31 bytes and a 0, as Zircon does (`ZX_MAX_NAME_LEN` is 32).
pub(crate) fn record_name(name: &[u8]) -> [u8; 32] {
    let mut record = [0; 32];
    let len = name.len().min(31);
    record[..len].copy_from_slice(&name[..len]);
    record
}
