use crate::Mapping;
use std::slice;
use zx_process_memory::sys::{self, ZX_INFO_PROCESS_MAPS_V1, zx_info_maps_v1_t};
use zx_process_memory::{Process, Status};

/// What is mapped in a process, by address, as it was when it was asked for.
///
/// A process that runs may map and unmap at any time: a map is out of date as soon as it is
/// made, and what follows from it is a guess that the next read or write confirms.
///
/// ```
/// # #[cfg(target_os = "linux")]
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::process::{Command, Stdio};
/// use zx_debug_memory::{MemoryMap, Permissions};
/// use zx_process_memory::Process;
///
/// let mut child = Command::new("cat").stdin(Stdio::piped()).spawn()?;
/// let process = Process::from_child(&child)?;
/// let map = MemoryMap::read(&process)?;
/// for mapping in &map {
///     println!("{mapping}");
/// }
/// let text = map.iter().find(|mapping| mapping.permissions.contains(Permissions::EXECUTE));
/// let text = text.expect("a program has text");
/// assert_eq!(map.find(text.range.start), Some(text));
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
    /// Asks what is mapped in a process now.
    ///
    /// Wraps `zx_object_get_info` with `ZX_INFO_PROCESS_MAPS`, as often as it takes until
    /// the list fits. It is read in one call, so on Zircon it is of one moment. (On the
    /// stand-in it is read from `/proc/PID/maps`, each line of which is of one moment.)
    ///
    /// The handle needs [`Rights::INSPECT`](zx_process_memory::Rights::INSPECT).
    ///
    /// # Errors
    ///
    /// - [`AccessDenied`](Status::AccessDenied): the handle lacks the right; or the process
    ///   is the calling one (measured on a kernel of July 2019; later ones allow it).
    /// - [`BadState`](Status::BadState): the process has ended.
    /// - [`BadHandle`](Status::BadHandle), [`WrongType`](Status::WrongType): the raw handle
    ///   was closed elsewhere, or names no process.
    /// - [`NotSupported`](Status::NotSupported): this target has no backend.
    ///
    /// # References
    ///
    /// - [`zx_object_get_info`](https://fuchsia.dev/reference/syscalls/object_get_info)
    ///
    /// An example is at [`MemoryMap`].
    pub fn read(process: &Process) -> Result<Self, Status> {
        let mut mappings: Vec<Mapping> = records(|records| {
            let (mut actual, mut avail) = (0, 0);
            let (buffer, size) = (records.as_mut_ptr().cast(), size_of_val(records));
            // SAFETY: `records` is writable for its size, and any bytes make a record; both
            // counts are writable.
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
        })?
        .iter()
        .filter_map(Mapping::from_record)
        .collect();
        // Kernels list them so; `at` relies on it.
        mappings.sort_by_key(|mapping| mapping.range.start);
        Ok(Self(mappings))
    }

    /// The mapping that holds the address, if there was one.
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

    /// All mappings, by address.
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

/// Asks with more and more room until all records fit. `ask` stores what fits, and answers
/// how many it stored and how many there are.
fn records(
    mut ask: impl FnMut(&mut [zx_info_maps_v1_t]) -> Result<(usize, usize), Status>,
) -> Result<Vec<zx_info_maps_v1_t>, Status> {
    let mut records = vec![zx_info_maps_v1_t::default(); 128];
    loop {
        let (actual, avail) = ask(&mut records)?;
        if avail <= records.len() {
            records.truncate(actual);
            return Ok(records);
        }
        // There may be more by then.
        records.resize(avail + avail / 4, zx_info_maps_v1_t::default());
    }
}

#[cfg(test)]
mod tests {
    use super::{MemoryMap, records};
    use crate::Mapping;
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
    fn a_map_that_grows_is_asked_for_until_it_fits() {
        let mut sizes = [300, 1000, 2000, 2400].into_iter();
        let mut rooms = Vec::new();
        let all = records(|room| {
            rooms.push(room.len());
            let avail = sizes.next().unwrap();
            let actual = avail.min(room.len());
            for (index, to) in room[..actual].iter_mut().enumerate() {
                *to = record(index, 1);
            }
            Ok((actual, avail))
        })
        .unwrap();
        assert_eq!(rooms, [128, 375, 1250, 2500]);
        assert_eq!((all.len(), all[2399].base), (2400, 2399));
    }

    #[test]
    fn a_map_that_shrinks_has_what_was_stored_last() {
        let mut answers = [(128, 129), (3, 3)].into_iter();
        assert_eq!(records(|_| Ok(answers.next().unwrap())).unwrap().len(), 3);
        assert_eq!(records(|_| Err(Status::BadState)), Err(Status::BadState));
    }

    #[test]
    fn an_address_is_found_from_the_first_byte_to_the_last() {
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
