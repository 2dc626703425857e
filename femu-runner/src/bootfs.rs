//! BOOTFS, the file system of a boot image: a directory, and files on pages behind it.
//!
//! The format is that of `zircon/boot/bootfs.h` in Fuchsia's SDK.

use std::collections::BTreeSet;
use thiserror::Error;

const MAGIC: u32 = 0xa56d_3ff9;
/// Magic, length of the directory, two reserved.
const HEADER_LEN: usize = 16;
/// Length of the name, of the data, offset of the data; then the name.
const ENTRY_LEN: usize = 12;
/// Every file begins at a multiple of this.
const PAGE: usize = 4096;
/// `ZBI_BOOTFS_MAX_NAME_LEN`, the closing NUL counted.
const MAX_NAME: usize = 256;

/// One file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// A path such as `bin/test`, never absolute.
    pub name: String,
    /// What it holds.
    pub data: Vec<u8>,
}

/// What is wrong with a file system, or with a file that should go into one.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum BootfsError {
    /// The magic is missing.
    #[error("it is no BOOTFS: it does not begin with a BOOTFS header")]
    NotBootfs,
    /// The directory does not fit in the image.
    #[error("its directory has {want} bytes, and {have} are there")]
    Directory {
        /// Length by the header.
        want: usize,
        /// Length in the image.
        have: usize,
    },
    /// An entry is cut off, or its name has a length that cannot be.
    #[error("the directory entry at offset {0} is damaged")]
    Entry(usize),
    /// A name that no file of an image can have.
    #[error("{0:?} cannot be the name of a file in BOOTFS")]
    Name(String),
    /// Two entries of one name.
    #[error("two files are named {0:?}")]
    Twice(String),
    /// A file is not where it should be.
    #[error("the file {name:?} is given as {len} bytes at offset {at}, which {reason}")]
    Place {
        /// Its name.
        name: String,
        /// Where its data should begin.
        at: usize,
        /// How long it should be.
        len: usize,
        /// Why it cannot be there.
        reason: &'static str,
    },
    /// The lengths do not fit in the format.
    #[error("the files have more than 4 GiB")]
    TooLong,
}

/// The files of an image, in the directory's order.
///
/// # Errors
///
/// `BootfsError` says which entry is not right.
pub fn parse(image: &[u8]) -> Result<Vec<File>, BootfsError> {
    if word(image, 0) != Some(MAGIC) {
        return Err(BootfsError::NotBootfs);
    }
    let want = word(image, 4).ok_or(BootfsError::NotBootfs)? as usize;
    let behind = image.get(HEADER_LEN..).ok_or(BootfsError::NotBootfs)?;
    let directory = behind.get(..want).ok_or(BootfsError::Directory {
        want,
        have: behind.len(),
    })?;
    let mut files = Vec::new();
    let mut names = BTreeSet::new();
    let mut places = Vec::new();
    let mut at = 0;
    while at < directory.len() {
        let entry = read_entry(directory, at).ok_or(BootfsError::Entry(HEADER_LEN + at))?;
        let name = name_of(entry.name)?;
        let place = |reason| BootfsError::Place {
            name: name.clone(),
            at: entry.data_at,
            len: entry.data_len,
            reason,
        };
        if entry.data_at % PAGE != 0 {
            return Err(place("is not the beginning of a page"));
        }
        if entry.data_len > 0 && entry.data_at < HEADER_LEN + directory.len() {
            return Err(place("is inside the directory"));
        }
        let end = entry.data_at.checked_add(entry.data_len);
        let data = end
            .and_then(|end| image.get(entry.data_at..end))
            .or((entry.data_len == 0).then_some(&[]))
            .ok_or_else(|| place("is past the end of the image"))?;
        if !data.is_empty() {
            places.push((entry.data_at, data.len(), files.len()));
        }
        if !names.insert(name.clone()) {
            return Err(BootfsError::Twice(name));
        }
        // Copied only after the loop: entries that overlap must not multiply the bytes.
        files.push((name, data));
        at = entry.end;
    }
    places.sort_unstable();
    for pair in places.windows(2) {
        let [(first, len, _), (second, second_len, index)] = [pair[0], pair[1]];
        if first + len > second {
            return Err(BootfsError::Place {
                name: files[index].0.clone(),
                at: second,
                len: second_len,
                reason: "overlaps with another file",
            });
        }
    }
    let copy = |(name, data): (String, &[u8])| File {
        name,
        data: data.to_vec(),
    };
    Ok(files.into_iter().map(copy).collect())
}

/// The image that holds `files`, in this order.
///
/// # Errors
///
/// A name that cannot be, a name given twice, or more than 4 GiB.
pub fn pack(files: &[File]) -> Result<Vec<u8>, BootfsError> {
    let mut names = BTreeSet::new();
    let mut directory_len = 0;
    for file in files {
        check_name(&file.name)?;
        if !names.insert(&file.name) {
            return Err(BootfsError::Twice(file.name.clone()));
        }
        directory_len += entry_len(file.name.len() + 1);
    }
    let mut image = Vec::new();
    for field in [MAGIC, fit(directory_len)?, 0, 0] {
        image.extend(field.to_le_bytes());
    }
    let mut data_at = page(HEADER_LEN + directory_len)?;
    for file in files {
        for field in [file.name.len() + 1, file.data.len(), data_at] {
            image.extend(fit(field)?.to_le_bytes());
        }
        image.extend(file.name.as_bytes());
        image.resize(
            image.len() + entry_len(file.name.len() + 1) - ENTRY_LEN - file.name.len(),
            0,
        );
        let end = data_at
            .checked_add(file.data.len())
            .ok_or(BootfsError::TooLong)?;
        data_at = page(end)?;
    }
    for file in files {
        image.resize(page(image.len())?, 0);
        image.extend(&file.data);
    }
    image.resize(page(image.len())?, 0);
    Ok(image)
}

/// Adds a file, in the place of one that has its name.
pub fn put(files: &mut Vec<File>, file: File) {
    match files.iter_mut().find(|other| other.name == file.name) {
        Some(other) => *other = file,
        None => files.push(file),
    }
}

struct Entry<'a> {
    name: &'a [u8],
    data_len: usize,
    data_at: usize,
    /// Where the next one begins.
    end: usize,
}

fn read_entry(directory: &[u8], at: usize) -> Option<Entry<'_>> {
    let name_len = word(directory, at)? as usize;
    // The NUL alone is no name.
    if !(2..=MAX_NAME).contains(&name_len) {
        return None;
    }
    let end = at + entry_len(name_len);
    let name = directory.get(..end)?.get(at + ENTRY_LEN..)?;
    Some(Entry {
        name: &name[..name_len],
        data_len: word(directory, at + 4)? as usize,
        data_at: word(directory, at + 8)? as usize,
        end,
    })
}

fn name_of(bytes: &[u8]) -> Result<String, BootfsError> {
    let bad = || BootfsError::Name(String::from_utf8_lossy(bytes).into_owned());
    let name = bytes.strip_suffix(b"\0").ok_or_else(bad)?;
    let name = std::str::from_utf8(name).map_err(|_| bad())?;
    check_name(name)?;
    Ok(name.to_owned())
}

/// A relative path without `.`, `..` or an empty part.
fn check_name(name: &str) -> Result<(), BootfsError> {
    let bad_part = |part: &str| matches!(part, "" | "." | "..");
    if name.len() >= MAX_NAME || name.contains('\0') || name.split('/').any(bad_part) {
        return Err(BootfsError::Name(name.to_owned()));
    }
    Ok(())
}

fn entry_len(name_len: usize) -> usize {
    (ENTRY_LEN + name_len).next_multiple_of(4)
}

fn page(length: usize) -> Result<usize, BootfsError> {
    length
        .checked_next_multiple_of(PAGE)
        .ok_or(BootfsError::TooLong)
}

fn fit(length: usize) -> Result<u32, BootfsError> {
    u32::try_from(length).map_err(|_| BootfsError::TooLong)
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    let word = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes(word.try_into().ok()?))
}

#[cfg(test)]
mod tests;
