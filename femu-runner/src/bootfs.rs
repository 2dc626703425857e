//! Reads and writes BOOTFS, the file system in a boot image: a directory, followed by
//! page-aligned files.
//!
//! `zircon/boot/bootfs.h` in Fuchsia's SDK defines the format.

use std::collections::BTreeSet;
use thiserror::Error;

/// `ZBI_BOOTFS_MAGIC`
const MAGIC: u32 = 0xa56d_3ff9;
/// `sizeof(zbi_bootfs_header_t)`: magic number, length of the directory, two reserved fields.
const HEADER_LEN: usize = 16;
/// `sizeof(zbi_bootfs_dirent_t)` without the name, which follows: length of the name, length of
/// the data, offset of the data.
const ENTRY_LEN: usize = 12;
/// Alignment of files.
const PAGE: usize = 4096;
/// `ZBI_BOOTFS_MAX_NAME_LEN`, which includes the NUL.
const MAX_NAME: usize = 256;

/// A file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// A relative path, such as `bin/test`.
    pub name: String,
    /// The contents.
    pub data: Vec<u8>,
}

/// Errors of [`parse`] and [`pack`].
#[derive(Debug, Error, PartialEq, Eq)]
pub enum BootfsError {
    /// The image does not start with a BOOTFS header.
    #[error("no BOOTFS header")]
    NotBootfs,
    /// The directory is longer than the image.
    #[error("truncated directory: {expected} bytes expected, {actual} found")]
    TruncatedDirectory {
        /// The length in the BOOTFS header.
        expected: usize,
        /// The number of bytes up to the end of the image.
        actual: usize,
    },
    /// The entry is truncated, or the length of its name is invalid.
    #[error("invalid directory entry at offset {0}")]
    InvalidEntry(usize),
    /// The name is not a relative path, contains `.` or `..`, or is too long.
    #[error("invalid file name {0:?}")]
    InvalidName(String),
    /// Two entries have this name.
    #[error("duplicate file name {0:?}")]
    DuplicateName(String),
    /// The offset and the length of a file are not a valid range of the image.
    #[error("invalid range of file {name:?}: {len} bytes at offset {offset}: {reason}")]
    InvalidRange {
        /// The name of the file.
        name: String,
        /// The offset of the data.
        offset: usize,
        /// The length of the data.
        len: usize,
        /// The reason.
        reason: &'static str,
    },
    /// A length or an offset does not fit in a `u32`.
    #[error("the files are longer than 4 GiB")]
    TooLong,
}

/// Returns the files of an image, in the order of the directory.
///
/// # Errors
///
/// The image is not a BOOTFS, or an entry of the directory is invalid.
pub fn parse(image: &[u8]) -> Result<Vec<File>, BootfsError> {
    if read_u32(image, 0) != Some(MAGIC) {
        return Err(BootfsError::NotBootfs);
    }
    let directory_len = read_u32(image, 4).ok_or(BootfsError::NotBootfs)? as usize;
    let after_header = image.get(HEADER_LEN..).ok_or(BootfsError::NotBootfs)?;
    let directory = after_header
        .get(..directory_len)
        .ok_or(BootfsError::TruncatedDirectory {
            expected: directory_len,
            actual: after_header.len(),
        })?;
    let mut files = Vec::new();
    let mut names = BTreeSet::new();
    let mut ranges = Vec::new();
    let mut offset = 0;
    while offset < directory.len() {
        let entry =
            read_entry(directory, offset).ok_or(BootfsError::InvalidEntry(HEADER_LEN + offset))?;
        let name = parse_name(entry.name)?;
        let invalid_range = |reason| BootfsError::InvalidRange {
            name: name.clone(),
            offset: entry.data_offset,
            len: entry.data_len,
            reason,
        };
        if entry.data_offset % PAGE != 0 {
            return Err(invalid_range("not page-aligned"));
        }
        if entry.data_len > 0 && entry.data_offset < HEADER_LEN + directory.len() {
            return Err(invalid_range("overlaps the directory"));
        }
        let end = entry.data_offset.checked_add(entry.data_len);
        let data = end
            .and_then(|end| image.get(entry.data_offset..end))
            .or((entry.data_len == 0).then_some(&[]))
            .ok_or_else(|| invalid_range("past the end of the image"))?;
        if !data.is_empty() {
            ranges.push((entry.data_offset, data.len(), files.len()));
        }
        if !names.insert(name.clone()) {
            return Err(BootfsError::DuplicateName(name));
        }
        // The data is copied only after the check for overlaps. Many entries for the same large
        // range could otherwise exhaust memory.
        files.push((name, data));
        offset = entry.end;
    }
    ranges.sort_unstable();
    for pair in ranges.windows(2) {
        let [(first, first_len, _), (second, second_len, index)] = [pair[0], pair[1]];
        if first + first_len > second {
            return Err(BootfsError::InvalidRange {
                name: files[index].0.clone(),
                offset: second,
                len: second_len,
                reason: "overlaps another file",
            });
        }
    }
    let to_file = |(name, data): (String, &[u8])| File {
        name,
        data: data.to_vec(),
    };
    Ok(files.into_iter().map(to_file).collect())
}

/// Makes an image of `files`, in this order.
///
/// # Errors
///
/// A name is invalid or occurs twice, or the image is longer than 4 GiB.
pub fn pack(files: &[File]) -> Result<Vec<u8>, BootfsError> {
    let mut names = BTreeSet::new();
    let mut directory_len = 0;
    for file in files {
        check_name(&file.name)?;
        if !names.insert(&file.name) {
            return Err(BootfsError::DuplicateName(file.name.clone()));
        }
        directory_len += entry_len(file.name.len() + 1);
    }
    let mut image = Vec::new();
    for field in [MAGIC, to_u32(directory_len)?, 0, 0] {
        image.extend(field.to_le_bytes());
    }
    let mut data_offset = round_up_to_page(HEADER_LEN + directory_len)?;
    for file in files {
        for field in [file.name.len() + 1, file.data.len(), data_offset] {
            image.extend(to_u32(field)?.to_le_bytes());
        }
        image.extend(file.name.as_bytes());
        image.resize(
            image.len() + entry_len(file.name.len() + 1) - ENTRY_LEN - file.name.len(),
            0,
        );
        let end = data_offset
            .checked_add(file.data.len())
            .ok_or(BootfsError::TooLong)?;
        data_offset = round_up_to_page(end)?;
    }
    for file in files {
        image.resize(round_up_to_page(image.len())?, 0);
        image.extend(&file.data);
    }
    image.resize(round_up_to_page(image.len())?, 0);
    Ok(image)
}

/// Adds a file. Replaces the file of the same name, if there is one.
pub fn put(files: &mut Vec<File>, file: File) {
    match files.iter_mut().find(|other| other.name == file.name) {
        Some(other) => *other = file,
        None => files.push(file),
    }
}

struct Entry<'a> {
    name: &'a [u8],
    data_len: usize,
    data_offset: usize,
    /// The offset of the next entry in the directory.
    end: usize,
}

fn read_entry(directory: &[u8], offset: usize) -> Option<Entry<'_>> {
    let name_len = read_u32(directory, offset)? as usize;
    // The length includes the NUL, so an empty name has length 1.
    if !(2..=MAX_NAME).contains(&name_len) {
        return None;
    }
    let end = offset + entry_len(name_len);
    let name = directory.get(..end)?.get(offset + ENTRY_LEN..)?;
    Some(Entry {
        name: &name[..name_len],
        data_len: read_u32(directory, offset + 4)? as usize,
        data_offset: read_u32(directory, offset + 8)? as usize,
        end,
    })
}

fn parse_name(bytes: &[u8]) -> Result<String, BootfsError> {
    let invalid = || BootfsError::InvalidName(String::from_utf8_lossy(bytes).into_owned());
    let name = bytes.strip_suffix(b"\0").ok_or_else(invalid)?;
    let name = std::str::from_utf8(name).map_err(|_| invalid())?;
    check_name(name)?;
    Ok(name.to_owned())
}

/// Checks that the name is a relative path without empty, `.` and `..` components.
fn check_name(name: &str) -> Result<(), BootfsError> {
    let is_invalid = |component: &str| matches!(component, "" | "." | "..");
    if name.len() >= MAX_NAME || name.contains('\0') || name.split('/').any(is_invalid) {
        return Err(BootfsError::InvalidName(name.to_owned()));
    }
    Ok(())
}

/// The length of an entry whose name has `name_len` bytes, with padding.
fn entry_len(name_len: usize) -> usize {
    (ENTRY_LEN + name_len).next_multiple_of(4)
}

fn round_up_to_page(length: usize) -> Result<usize, BootfsError> {
    length
        .checked_next_multiple_of(PAGE)
        .ok_or(BootfsError::TooLong)
}

fn to_u32(length: usize) -> Result<u32, BootfsError> {
    u32::try_from(length).map_err(|_| BootfsError::TooLong)
}

fn read_u32(bytes: &[u8], offset: usize) -> Option<u32> {
    let bytes = bytes.get(offset..offset.checked_add(4)?)?;
    Some(u32::from_le_bytes(bytes.try_into().ok()?))
}

#[cfg(test)]
mod tests;
