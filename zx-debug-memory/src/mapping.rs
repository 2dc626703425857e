use crate::Permissions;
use std::fmt;
use std::ops::Range;
use zx_process_memory::sys::{ZX_INFO_MAPS_TYPE_MAPPING, zx_info_maps_v1_t, zx_koid_t};

/// One mapping of a process.
///
/// It prints as a line such as `0x7f3c40000000-0x7f3c40021000 r-x libc.so`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Mapping {
    /// Its addresses.
    pub range: Range<usize>,
    /// What the process itself may do there.
    pub permissions: Permissions,
    /// The VMO's name, or on the stand-in the file's or `[heap]` and its like, of which
    /// Zircon keeps 31 bytes. Empty where nobody gave one.
    pub name: String,
    /// What is mapped.
    pub kind: MappingKind,
}

/// What a mapping shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MappingKind {
    /// A VMO (on the stand-in a file), which other mappings and other processes may show
    /// too.
    Vmo {
        /// The VMO's koid, on the stand-in the file's inode number: the same for whoever
        /// else maps it.
        koid: zx_koid_t,
        /// Where in it the mapping begins, in bytes.
        offset: u64,
    },
    /// Memory of this process alone. Only on the stand-in: on Zircon all memory is a
    /// VMO's.
    Anonymous,
    /// The vDSO: the kernel's own code and data, the same pages in every process, which
    /// nobody may write. Known by its name, which on Zircon begins with `vdso/`; a
    /// program may give a VMO of its own such a name.
    Vdso,
}

impl Mapping {
    /// `None` for the address space and for VMARs, which hold mappings and are none.
    pub(crate) fn from_record(record: &zx_info_maps_v1_t) -> Option<Self> {
        if record.type_ != ZX_INFO_MAPS_TYPE_MAPPING {
            return None;
        }
        let name = record.name.split(|byte| *byte == 0).next();
        let name = String::from_utf8_lossy(name.unwrap_or_default()).into_owned();
        let (koid, offset) = (record.mapping.vmo_koid, record.mapping.vmo_offset);
        let kind = match koid {
            _ if ["vdso/", "[vdso", "[vvar"]
                .iter()
                .any(|vdso| name.starts_with(vdso)) =>
            {
                MappingKind::Vdso
            }
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
    fn a_record_becomes_a_mapping() {
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
    fn what_is_of_no_vmo_is_anonymous() {
        let mut nobodys = record(b"");
        nobodys.mapping.vmo_koid = 0;
        assert_eq!(
            Mapping::from_record(&nobodys).unwrap().kind,
            MappingKind::Anonymous
        );
    }

    #[test]
    fn any_name_is_taken() {
        let mapping = Mapping::from_record(&record(&[0xff; 32])).unwrap();
        assert_eq!(mapping.name, "\u{fffd}".repeat(32));
        let mapping = Mapping::from_record(&record(b"")).unwrap();
        assert_eq!(mapping.to_string(), "0x1000-0x3000 r-x");
    }

    #[test]
    fn the_vdso_is_known_by_its_name() {
        for name in [
            &b"vdso/stable"[..],
            b"vdso/full",
            b"[vdso]",
            b"[vvar]",
            b"[vvar_vclock]",
        ] {
            assert_eq!(
                Mapping::from_record(&record(name)).unwrap().kind,
                MappingKind::Vdso
            );
        }
        let other = Mapping::from_record(&record(b"my vdso/x")).unwrap();
        assert_ne!(other.kind, MappingKind::Vdso);
    }

    #[test]
    fn what_is_no_mapping_is_left_out() {
        let vmar = zx_info_maps_v1_t {
            type_: ZX_INFO_MAPS_TYPE_VMAR,
            ..record(b"root")
        };
        assert_eq!(Mapping::from_record(&vmar), None);
        let at_the_end = zx_info_maps_v1_t {
            base: usize::MAX - 1,
            ..record(b"")
        };
        let range = Mapping::from_record(&at_the_end).unwrap().range;
        assert_eq!(range, usize::MAX - 1..usize::MAX);
    }
}
