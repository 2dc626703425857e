use crate::Mapping;
use std::mem::MaybeUninit;
use std::slice;
use zx_process_memory::sys::{self, ZX_INFO_PROCESS_MAPS_V1, zx_info_maps_v1_t};
use zx_process_memory::{Process, Status};

/// The mappings of a process, in address order.
///
/// A running process can map and unmap memory at any time, so a map can be out of date as soon
/// as [`read`](Self::read) returns. The next read or write of the memory reports the current
/// state.
///
/// One `zx_process_read_memory` or `zx_process_write_memory` stops at the end of a mapping of the
/// list, up to April 2021 at least. Since about 2022 a mapping can contain pages of different
/// permissions. The list then has one entry for each range of equal permissions, and a call continues
/// through all of them. (Read in the sources.)
///
/// ```
/// # #[cfg(target_os = "linux")]
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::process::{Command, Stdio};
/// use zx_debug_memory::{MemoryMap, Permissions};
/// use zx_process_memory::Process;
///
/// let mut child = Command::new("yes").stdout(Stdio::piped()).spawn()?;
/// # // The output shows that the program is loaded.
/// # std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut [0])?;
/// let process = Process::from_child(&child)?;
/// let map = MemoryMap::read(&process)?;
/// for mapping in &map {
///     println!("{mapping}");
/// }
/// let code = map.iter().find(|mapping| mapping.permissions.contains(Permissions::EXECUTE));
/// let code = code.expect("a program has code");
/// assert_eq!(map.find(code.range.start), Some(code));
/// # child.kill()?;
/// # child.wait()?;
/// # Ok(())
/// # }
/// # #[cfg(not(target_os = "linux"))]
/// # fn main() {}
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemoryMap(Vec<Mapping>);

impl MemoryMap {
    /// Reads the mappings of a process.
    ///
    /// Wraps `zx_object_get_info` with `ZX_INFO_PROCESS_MAPS`. The call is repeated with a larger
    /// buffer until all mappings fit, so all mappings come from one call.
    ///
    /// They are of one moment on kernels until September 2019. Later kernels release their lock when
    /// a page of the caller's buffer is not present, and then continue the list (commit 42640d69a9b,
    /// read). The Linux backend reads `/proc/PID/maps`, in which only each line is of one moment.
    /// Suspend all threads of the process if the list must be consistent.
    ///
    /// The handle needs [`Rights::INSPECT`](zx_process_memory::Rights::INSPECT).
    ///
    /// # Errors
    ///
    /// - [`AccessDenied`](Status::AccessDenied): the handle lacks the right, or, on kernels until
    ///   September 2019, the process is the calling process (measured: July 2019; allowed since commit
    ///   42640d69a9b, read).
    /// - [`BadState`](Status::BadState): the process has ended (read in the sources of 2019 and 2021).
    /// - [`BadHandle`](Status::BadHandle): the raw handle was closed elsewhere.
    /// - [`WrongType`](Status::WrongType): the raw handle is not a process handle.
    /// - [`NotSupported`](Status::NotSupported): this target has no backend.
    ///
    /// # References
    ///
    /// - [`zx_object_get_info`](https://fuchsia.dev/reference/syscalls/object_get_info)
    ///
    /// An example is at [`MemoryMap`].
    pub fn read(process: &Process) -> Result<Self, Status> {
        let get_info = |records: &mut [MaybeUninit<zx_info_maps_v1_t>]| {
            let (mut actual, mut avail) = (0, 0);
            let (buffer, size) = (records.as_mut_ptr().cast(), size_of_val(records));
            // SAFETY: `buffer` is writable for `size` bytes, and both counts are writable.
            Status::ok(unsafe {
                let (handle, topic) = (process.as_raw(), ZX_INFO_PROCESS_MAPS_V1);
                sys::zx_object_get_info(
                    handle,
                    topic,
                    buffer,
                    size,
                    &raw mut actual,
                    &raw mut avail,
                )
            })?;
            Ok((actual, avail))
        };
        // SAFETY: the call has stored `actual` records, and every byte pattern is a valid record.
        let records = unsafe { read_records(get_info) }?;
        Ok(Self::from_records(records))
    }

    pub(crate) fn from_records(records: Vec<zx_info_maps_v1_t>) -> Self {
        // The mappings are smaller than the records, and are stored in their place.
        let mappings = records.into_iter();
        let mut mappings: Vec<_> = mappings
            .filter_map(|record| Mapping::from_record(&record))
            .collect();
        mappings.shrink_to_fit();
        // The man page documents this order for Zircon. `find` requires it.
        mappings.sort_by_key(|mapping| mapping.range.start);
        Self(mappings)
    }

    /// Returns the mapping that contains the address, or `None` if the address is not mapped.
    ///
    /// An example is at [`MemoryMap`].
    #[must_use]
    pub fn find(&self, vaddr: usize) -> Option<&Mapping> {
        let after = self
            .0
            .partition_point(|mapping| mapping.range.start <= vaddr);
        let candidate = self.0.get(after.checked_sub(1)?)?;
        candidate.range.contains(&vaddr).then_some(candidate)
    }

    /// Returns the mappings that end after the address, in address order.
    pub(crate) fn iter_from(&self, vaddr: usize) -> slice::Iter<'_, Mapping> {
        let first = self.0.partition_point(|mapping| mapping.range.end <= vaddr);
        self.0.get(first..).unwrap_or_default().iter()
    }

    /// Returns all mappings in address order.
    ///
    /// An example is at [`MemoryMap`].
    pub fn iter(&self) -> slice::Iter<'_, Mapping> {
        self.0.iter()
    }
}

impl<'a> IntoIterator for &'a MemoryMap {
    type Item = &'a Mapping;
    type IntoIter = slice::Iter<'a, Mapping>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Enough for most processes, because a second call takes as long as the first. Linux allows a process
/// 65,530 mappings by default (`vm.max_map_count`). The buffer has 12 MiB, of which only the used pages
/// become memory.
const FIRST_CAPACITY: usize = 1 << 17;

/// Calls `get_info` with larger and larger buffers until all records fit.
///
/// `get_info` stores the records that fit, and returns how many it stored and how many exist.
///
/// # Safety
///
/// `get_info` must have stored as many records as it returns.
unsafe fn read_records(
    mut get_info: impl FnMut(&mut [MaybeUninit<zx_info_maps_v1_t>]) -> Result<(usize, usize), Status>,
) -> Result<Vec<zx_info_maps_v1_t>, Status> {
    let mut capacity = FIRST_CAPACITY;
    loop {
        let mut records = Vec::with_capacity(capacity);
        let (actual, avail) = get_info(records.spare_capacity_mut())?;
        if avail <= records.capacity() {
            // SAFETY: `get_info` has stored `actual` records.
            unsafe { records.set_len(actual) };
            return Ok(records);
        }
        // A running process may have more mappings at the next call.
        capacity = avail + avail / 4;
    }
}

#[cfg(test)]
mod tests {
    use super::{FIRST_CAPACITY, MemoryMap, read_records};
    use crate::Mapping;
    use std::mem::MaybeUninit;
    use zx_process_memory::Status;
    use zx_process_memory::sys::{ZX_INFO_MAPS_TYPE_MAPPING, zx_info_maps_v1_t};

    fn record(base: usize, size: usize) -> zx_info_maps_v1_t {
        let type_ = ZX_INFO_MAPS_TYPE_MAPPING;
        zx_info_maps_v1_t {
            base,
            size,
            type_,
            ..Default::default()
        }
    }

    #[test]
    fn buffer_grows_until_all_records_fit() {
        let mut available = [200_000, 300_000, 320_000].into_iter();
        let mut buffer_lens = Vec::new();
        let get_info = |buffer: &mut [MaybeUninit<_>]| {
            buffer_lens.push(buffer.len());
            let avail = available.next().unwrap();
            let actual = avail.min(buffer.len());
            for (index, to) in buffer[..actual].iter_mut().enumerate() {
                to.write(record(index, 1));
            }
            Ok((actual, avail))
        };
        // SAFETY: the closure has stored as many records as it returns.
        let records = unsafe { read_records(get_info) }.unwrap();
        assert_eq!(buffer_lens, [FIRST_CAPACITY, 250_000, 375_000]);
        assert_eq!((records.len(), records[319_999].base), (320_000, 319_999));
    }

    #[test]
    fn map_that_shrinks_between_calls_has_the_last_records() {
        let mut results = [(0, FIRST_CAPACITY + 1), (3, 3)].into_iter();
        let get_info = |buffer: &mut [MaybeUninit<_>]| {
            buffer[..3].fill(MaybeUninit::new(record(1, 1)));
            Ok(results.next().unwrap())
        };
        // SAFETY: the closure has stored three records, which is as many as it returns or more.
        let records = unsafe { read_records(get_info) };
        assert_eq!(records.unwrap().len(), 3);
    }

    #[test]
    fn error_of_the_call_is_returned() {
        // SAFETY: the closure returns no number of records.
        let records = unsafe { read_records(|_| Err(Status::BadState)) };
        assert_eq!(records, Err(Status::BadState));
    }

    #[test]
    fn find_includes_the_first_and_the_last_byte() {
        let mappings = [(0x1000, 0x1000), (0x2000, 0x3000), (0x9000, 0x1000)];
        let mappings =
            mappings.map(|(base, size)| Mapping::from_record(&record(base, size)).unwrap());
        let map = MemoryMap(mappings.to_vec());
        let start = |vaddr| map.find(vaddr).map(|mapping| mapping.range.start);
        for (vaddr, expected) in [
            (0, None),
            (0xfff, None),
            (0x1000, Some(0x1000)),
            (0x1fff, Some(0x1000)),
            (0x2000, Some(0x2000)),
            (0x4fff, Some(0x2000)),
            (0x5000, None),
            (0x8fff, None),
            (0x9fff, Some(0x9000)),
            (0xa000, None),
            (usize::MAX, None),
        ] {
            assert_eq!(start(vaddr), expected, "{vaddr:#x}");
        }
        assert_eq!(map.iter().count(), 3);
        assert_eq!(MemoryMap(Vec::new()).find(0), None);
    }
}
