use crate::Permissions;
use crate::hex::Hex;
use std::fmt;
use std::ops::Range;
use zx_process_memory::sys::{ZX_INFO_MAPS_TYPE_MAPPING, zx_info_maps_v1_t, zx_koid_t};

/// One mapping of a process: an address range, its permissions, and what is mapped there.
///
/// `Display` prints a line such as `0x7f3c40000000-0x7f3c40021000 r-x libc.so`.
///
/// An example is at [`MemoryMap`](crate::MemoryMap).
#[derive(Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Mapping {
    /// The mapped addresses.
    pub range: Range<usize>,
    /// The accesses that the mapping allows to its own process.
    pub permissions: Permissions,
    /// The name of the VMO, or an empty string for a VMO without a name.
    ///
    /// Zircon stores at most 31 bytes (`ZX_MAX_NAME_LEN` is 32). Bytes that are not UTF-8 become
    /// U+FFFD. On the Linux backend it is the name of the file without its directory, or a name such as
    /// `[heap]` or `memfd:NAME`. Linux adds ` (deleted)` to the name of a deleted file, and
    /// writes a line feed as `\012`.
    pub name: String,
    /// The kind of the mapped memory.
    pub kind: MappingKind,
}

/// The kind of memory that is mapped.
///
/// Two mappings with the same [`Vmo`](Self::Vmo) koid map the same VMO, also if they are in
/// different processes. On Zircon a write through one of them then changes the other (measured: July
/// 2019). Since about 2025 the kernel first gives a mapping that can never be made writable a private
/// copy (read in the sources). Before you insert a breakpoint into code that another process may run,
/// search that process's map for the koid. A library usually has another address in each process.
///
/// ```
/// # #[cfg(target_os = "linux")]
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use std::process::{Command, Stdio};
/// # use zx_debug_memory::Permissions;
/// # use zx_process_memory::Process;
/// use zx_debug_memory::{Mapping, MappingKind, MemoryMap};
///
/// fn koid(mapping: &Mapping) -> Option<u64> {
///     match mapping.kind {
///         MappingKind::Vmo { koid, .. } => Some(koid),
///         _ => None,
///     }
/// }
///
/// /// A mapping of the other process that maps the same VMO.
/// fn find_shared<'a>(mapping: &Mapping, other: &'a MemoryMap) -> Option<&'a Mapping> {
///     let vmo = koid(mapping)?;
///     other.iter().find(|other| koid(other) == Some(vmo))
/// }
///
/// # let mut children = Vec::new();
/// # let mut start = || -> Result<MemoryMap, Box<dyn std::error::Error>> {
/// #     let mut child = Command::new("yes").stdout(Stdio::piped()).spawn()?;
/// #     // The output shows that the program is loaded.
/// #     std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut [0])?;
/// #     let map = MemoryMap::read(&Process::from_child(&child)?)?;
/// #     children.push(child);
/// #     Ok(map)
/// # };
/// # let (first, second) = (start()?, start()?);
/// # let is_code = |mapping: &&Mapping| mapping.permissions.contains(Permissions::EXECUTE);
/// // The maps of two processes that run the same program.
/// let code = first.iter().find(is_code).ok_or("no code is mapped")?;
/// let shared = find_shared(code, &second).ok_or("the code is not shared")?;
/// assert_eq!(shared.name, code.name);
/// # for child in &mut children {
/// #     child.kill()?;
/// #     child.wait()?;
/// # }
/// # Ok(())
/// # }
/// # #[cfg(not(target_os = "linux"))]
/// # fn main() {}
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MappingKind {
    /// A VMO. On the Linux backend: a file.
    Vmo {
        /// The koid of the VMO. A copy-on-write clone is a VMO with its own koid.
        ///
        /// On the Linux backend it is the inode number of the file, or the ID of a System V segment,
        /// with 2<sup>63</sup> in place of 0. Files of different file systems can have the same koid. A
        /// debugger's write to a private mapping does not change the file, so an equal koid does not mean
        /// that the write is shared.
        koid: zx_koid_t,
        /// The offset in the VMO at which the mapping begins, in bytes.
        offset: u64,
    },
    /// Private memory without a file. Only on the Linux backend: on Zircon every mapping has a
    /// VMO (read in the sources of 2018 to 2026).
    Anonymous,
    /// The vDSO: kernel code and data that every process maps. Kernels since June 2019 refuse to write
    /// it (commit 0ce0389f5db; measured: July 2019 and April 2021). In kernels of 2026 this is certain
    /// for the code only (read in the sources).
    ///
    /// It is identified by its name, which begins with `vdso/` on Zircon (read in the sources of 2018
    /// to 2021). A program can give the same name to another VMO.
    Vdso,
}

impl Mapping {
    /// Returns `None` for the records of the address space and of VMARs.
    pub(crate) fn from_record(record: &zx_info_maps_v1_t) -> Option<Self> {
        if record.type_ != ZX_INFO_MAPS_TYPE_MAPPING {
            return None;
        }
        let name = record.name.split(|byte| *byte == 0).next();
        let name = String::from_utf8_lossy(name.unwrap_or_default()).into_owned();
        let (koid, offset) = (record.mapping.vmo_koid, record.mapping.vmo_offset);
        let kind = match koid {
            _ if is_vdso(&name, koid) => MappingKind::Vdso,
            0 => MappingKind::Anonymous,
            koid => MappingKind::Vmo { koid, offset },
        };
        Some(Self {
            range: record.base..record.base.saturating_add(record.size),
            permissions: Permissions::from_bits_truncate(record.mapping.mmu_flags),
            name,
            kind,
        })
    }
}

/// Zircon's names, and Linux's. On Linux the vDSO is no VMO, unlike a file with such a name.
fn is_vdso(name: &str, koid: zx_koid_t) -> bool {
    let is_linux = koid == 0 && (name.starts_with("[vdso") || name.starts_with("[vvar"));
    name.starts_with("vdso/") || is_linux
}

impl fmt::Display for Mapping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            range,
            permissions,
            name,
            ..
        } = self;
        write!(f, "{:#x}-{:#x} {permissions}", range.start, range.end)?;
        if name.is_empty() {
            Ok(())
        } else {
            write!(f, " {name}")
        }
    }
}

/// Prints addresses in hex.
impl fmt::Debug for Mapping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mapping")
            .field("range", &(Hex(self.range.start)..Hex(self.range.end)))
            .field("permissions", &self.permissions)
            .field("name", &self.name)
            .field("kind", &self.kind)
            .finish()
    }
}

/// Prints the offset in hex. Koids are decimal, as in Fuchsia's tools.
impl fmt::Debug for MappingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Vmo { koid, offset } => f
                .debug_struct("Vmo")
                .field("koid", koid)
                .field("offset", &Hex(*offset))
                .finish(),
            Self::Anonymous => f.write_str("Anonymous"),
            Self::Vdso => f.write_str("Vdso"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Mapping, MappingKind};
    use crate::Permissions;
    use zx_process_memory::sys::{
        ZX_INFO_MAPS_TYPE_MAPPING, ZX_INFO_MAPS_TYPE_VMAR, zx_info_maps_mapping_v1_t,
        zx_info_maps_v1_t,
    };

    fn record(name: &[u8]) -> zx_info_maps_v1_t {
        let mut record = zx_info_maps_v1_t {
            base: 0x1000,
            size: 0x2000,
            type_: ZX_INFO_MAPS_TYPE_MAPPING,
            mapping: zx_info_maps_mapping_v1_t {
                mmu_flags: 0xff05,
                vmo_koid: 7,
                vmo_offset: 0x3000,
                ..Default::default()
            },
            ..Default::default()
        };
        record.name[..name.len()].copy_from_slice(name);
        record
    }

    #[test]
    fn record_of_a_vmo_becomes_a_mapping() {
        let mapping = Mapping::from_record(&record(b"libc.so\0rest")).unwrap();
        assert_eq!(mapping.range, 0x1000..0x3000);
        assert_eq!(
            mapping.permissions,
            Permissions::READ | Permissions::EXECUTE
        );
        assert_eq!(mapping.name, "libc.so");
        assert_eq!(
            mapping.kind,
            MappingKind::Vmo {
                koid: 7,
                offset: 0x3000
            }
        );
        assert_eq!(mapping.to_string(), "0x1000-0x3000 r-x libc.so");
    }

    #[test]
    fn debug_prints_addresses_in_hex() {
        let mut mapping = Mapping::from_record(&record(b"libc.so")).unwrap();
        assert_eq!(
            format!("{mapping:?}"),
            "Mapping { range: 0x1000..0x3000, permissions: Permissions(READ | EXECUTE), \
             name: \"libc.so\", kind: Vmo { koid: 7, offset: 0x3000 } }"
        );
        for (kind, expected) in [
            (MappingKind::Anonymous, "kind: Anonymous }"),
            (MappingKind::Vdso, "kind: Vdso }"),
        ] {
            mapping.kind = kind;
            assert!(format!("{mapping:?}").ends_with(expected), "{mapping:?}");
        }
    }

    #[test]
    fn mapping_without_a_vmo_is_anonymous() {
        let mut record = record(b"");
        record.mapping.vmo_koid = 0;
        let mapping = Mapping::from_record(&record).unwrap();
        assert_eq!(mapping.kind, MappingKind::Anonymous);
    }

    #[test]
    fn name_may_be_full_or_empty_or_not_utf8() {
        let mapping = Mapping::from_record(&record(&[0xff; 32])).unwrap();
        assert_eq!(mapping.name, "\u{fffd}".repeat(32));
        let mapping = Mapping::from_record(&record(b"")).unwrap();
        assert_eq!(mapping.to_string(), "0x1000-0x3000 r-x");
    }

    #[test]
    fn vdso_is_identified_by_its_name() {
        let kind = |name: &[u8], vmo_koid| {
            let mut record = record(name);
            record.mapping.vmo_koid = vmo_koid;
            Mapping::from_record(&record).unwrap().kind
        };
        for name in ["vdso/stable", "vdso/full"] {
            assert_eq!(kind(name.as_bytes(), 7), MappingKind::Vdso);
        }
        for name in ["[vdso]", "[vvar]", "[vvar_vclock]"] {
            assert_eq!(kind(name.as_bytes(), 0), MappingKind::Vdso);
            // A file with this name.
            assert_ne!(kind(name.as_bytes(), 7), MappingKind::Vdso);
        }
        assert_ne!(kind(b"my vdso/x", 7), MappingKind::Vdso);
    }

    #[test]
    fn record_of_a_vmar_is_skipped() {
        let vmar = zx_info_maps_v1_t {
            type_: ZX_INFO_MAPS_TYPE_VMAR,
            ..record(b"root")
        };
        assert_eq!(Mapping::from_record(&vmar), None);
    }

    #[test]
    fn range_ends_at_the_last_address() {
        let record = zx_info_maps_v1_t {
            base: usize::MAX - 1,
            ..record(b"")
        };
        let range = Mapping::from_record(&record).unwrap().range;
        assert_eq!(range, usize::MAX - 1..usize::MAX);
    }
}
