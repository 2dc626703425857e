//! A memory map and its contents.

use crate::{MemoryMap, ReadMemory};
use std::cell::Cell;
use zx_process_memory::Status;
use zx_process_memory::sys::{
    ZX_INFO_MAPS_TYPE_MAPPING, zx_info_maps_mapping_v1_t, zx_info_maps_v1_t,
};

pub(super) const PAGE: usize = 4096;

/// The koid of the file's VMO.
pub(super) const FILE: u64 = 7;

#[derive(Clone, Default)]
pub(super) struct FakeMemory {
    pub(super) regions: Vec<Region>,
    pub(super) reads: Cell<usize>,
}

#[derive(Clone)]
pub(super) struct Region {
    pub(super) vaddr: usize,
    pub(super) bytes: Vec<u8>,
    /// As `Permissions`: 1 is read, 2 is write, 4 is execute.
    pub(super) permissions: u32,
    pub(super) koid: u64,
    pub(super) offset: u64,
    pub(super) name: &'static str,
    /// The status of a read. `None` for the bytes.
    pub(super) error: Option<Status>,
}

impl FakeMemory {
    pub(super) fn map(&self) -> MemoryMap {
        let record = |region: &Region| {
            let mut record = zx_info_maps_v1_t {
                base: region.vaddr,
                size: region.bytes.len(),
                type_: ZX_INFO_MAPS_TYPE_MAPPING,
                mapping: zx_info_maps_mapping_v1_t {
                    mmu_flags: region.permissions,
                    vmo_koid: region.koid,
                    vmo_offset: region.offset,
                    ..Default::default()
                },
                ..Default::default()
            };
            record.name[..region.name.len()].copy_from_slice(region.name.as_bytes());
            record
        };
        MemoryMap::from_records(self.regions.iter().map(record).collect())
    }

    /// The bytes from an address to the end of its region.
    pub(super) fn bytes_mut(&mut self, vaddr: usize) -> &mut [u8] {
        let region = self
            .regions
            .iter_mut()
            .find(|region| (region.vaddr..region.vaddr + region.bytes.len()).contains(&vaddr));
        let region = region.unwrap();
        &mut region.bytes[vaddr - region.vaddr..]
    }
}

impl ReadMemory for FakeMemory {
    fn read_memory(&self, vaddr: usize, buffer: &mut [u8]) -> Result<usize, Status> {
        assert!((1..=PAGE).contains(&buffer.len()), "{}", buffer.len());
        self.reads.set(self.reads.get() + 1);
        let bytes = |region: &Region| {
            let at = vaddr.checked_sub(region.vaddr)?;
            let bytes = region.bytes.get(at..)?;
            (!bytes.is_empty()).then(|| region.error.map_or(Ok(bytes.to_vec()), Err))
        };
        let bytes = self
            .regions
            .iter()
            .find_map(bytes)
            .ok_or(Status::NotFound)??;
        let len = bytes.len().min(buffer.len());
        buffer[..len].copy_from_slice(&bytes[..len]);
        Ok(len)
    }
}
