//! All cases, by what they are about.

// Each table names most of the variants there are.
#![allow(clippy::enum_glob_use)]

use super::Part;
use super::case::Case;

mod addresses;
mod bad_handles;
mod caching;
mod handles;
mod mappings;
mod order;
mod permissions;
mod regions;
mod resized;
mod sizes;
mod states;
mod vdso;

pub(crate) fn of(part: Part) -> impl Iterator<Item = Case> {
    let lists: &[&[Case]] = match part {
        Part::Cases => &[
            sizes::CASES,
            addresses::CASES,
            mappings::CASES,
            permissions::CASES,
            caching::CASES,
            resized::CASES,
            regions::CASES,
            vdso::CASES,
            states::CASES,
            handles::CASES,
            order::CASES,
        ],
        Part::BadHandles => &[bad_handles::CASES],
    };
    lists.iter().flat_map(|list| list.iter().copied())
}
