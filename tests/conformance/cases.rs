//! The cases, by subject.

// Each table uses most variants of several enums.
#![allow(clippy::enum_glob_use)]

use super::CaseSet;
use super::case::Case;
use super::page_size::scaled_case;

mod addresses;
mod bad_handles;
mod buffers;
mod caching;
mod child_vmos;
mod handles;
mod mappings;
mod merging;
mod order;
mod permissions;
mod regions;
mod resized;
mod sizes;
mod states;
mod vdso;
mod vmo_kinds;

pub(crate) fn of(case_set: CaseSet) -> impl Iterator<Item = Case> {
    let lists: &[&[Case]] = match case_set {
        CaseSet::Main => &[
            sizes::CASES,
            addresses::CASES,
            mappings::CASES,
            merging::CASES,
            permissions::CASES,
            caching::CASES,
            resized::CASES,
            regions::CASES,
            child_vmos::CASES,
            vmo_kinds::CASES,
            vdso::CASES,
            states::CASES,
            handles::CASES,
            order::CASES,
            buffers::CASES,
        ],
        CaseSet::BadHandles => &[bad_handles::CASES],
    };
    lists.iter().flat_map(|list| list.iter().map(scaled_case))
}
