//! Whether Linux can set up a case as the selected kernel does. Linux merges and splits mappings by
//! rules of its own.

use crate::suite::case::{Access, Area, AreaKind, Buffer, Case};
use crate::suite::kernel::Era;
use crate::suite::layout;
use crate::suite::target::Skip;

/// Returns the reason if Linux cannot set up the case.
pub(super) fn check(case: &Case, era: Era) -> Result<(), Skip> {
    let areas = case.memory;
    for (area, pages) in areas.iter().zip(layout::vmo_pages(areas)) {
        match area.kind {
            AreaKind::NextPages(_) | AreaKind::SecondPageMappedAgain if !era.merges_mappings() => {
                return Err("Linux merges adjacent mappings of consecutive pages of a file".into());
            }
            AreaKind::NextPages(access)
                if access != Access::ReadWrite || !has_file(areas[pages.vmo].kind) =>
            {
                return Err("Linux denies writes to shared read-only mappings".into());
            }
            AreaKind::SecondPageProtected(_) if !era.splits_protected_mappings() => {
                return Err("Linux splits a mapping if a part gets other permissions".into());
            }
            AreaKind::SecondPageProtectedAndBack(_) if era.splits_protected_mappings() => {
                return Err("Linux merges the parts when they have the same permissions".into());
            }
            AreaKind::WithPolicy(_) | AreaKind::Physical => {
                return Err("Linux has no such mapping for an unprivileged process".into());
            }
            AreaKind::Contiguous | AreaKind::Discardable { .. } | AreaKind::Paged(_) => {
                return Err("Linux has no such memory".into());
            }
            AreaKind::InSubVmar | AreaKind::EmptySubVmar | AreaKind::DestroyedSubVmar => {
                return Err("Linux has no VMARs".into());
            }
            _ => {}
        }
    }
    if areas.windows(2).any(|pair| is_merged(pair[0], pair[1])) {
        return Err("Linux merges adjacent private mappings with the same permissions".into());
    }
    match case.buffer {
        Buffer::Bytes(_) | Buffer::Claimed(_) | Buffer::Null(_) => Ok(()),
        Buffer::Unmapped(_) | Buffer::WithoutPermission(_) | Buffer::OnlyFirstPageMapped(_) => {
            Err("an invalid buffer is undefined behavior on the Linux backend".into())
        }
    }
}

/// Whether an area has a file of its own, which stands for its VMO.
pub(super) fn has_file(kind: AreaKind) -> bool {
    matches!(
        kind,
        AreaKind::Mapped(Access::ReadWrite)
            | AreaKind::Untouched
            | AreaKind::NewVmoFrom(_)
            | AreaKind::ShrunkTo(_)
            | AreaKind::SecondPageMappedAgain
    )
}

/// Whether Linux merges two adjacent areas of private memory into one mapping.
fn is_merged(one: Area, other: Area) -> bool {
    let private = |area: Area| match area.kind {
        AreaKind::Mapped(access) | AreaKind::Protected(access) => {
            (!has_file(area.kind)).then_some(access)
        }
        _ => None,
    };
    private(one)
        .zip(private(other))
        .is_some_and(|(one, other)| one == other)
}
