//! Parsing and packing of BOOTFS images.
//!
//! Each input is used three times:
//!
//! - As an image. The parser accepts or refuses it. An accepted image must be parsed as its bytes
//!   say, and packing and parsing it again must give the same files.
//! - As the description of an image, so that short inputs give images of several pages. The parser
//!   must accept exactly the valid ones.
//! - As a list of files, which the packer must accept exactly if their names are valid and unique.

#![no_main]

use arbitrary::{Arbitrary, Unstructured};
use bootfs::{BootfsError, File};
use libfuzzer_sys::fuzz_target;
use std::collections::BTreeSet;

// femu-runner has no library, so its module is included by path.
#[allow(dead_code)]
#[rustfmt::skip] // rustfmt would search for the module's tests in this directory
#[path = "../../femu-runner/src/bootfs.rs"]
mod bootfs;

const PAGE: usize = 4096;
const HEADER_LEN: usize = 16;
const MAGIC: u32 = 0xa56d_3ff9;

fuzz_target!(|input: &[u8]| {
    check_image(input);
    if let Ok(directory) = Directory::arbitrary_take_rest(Unstructured::new(input)) {
        directory.check();
    }
    if let Ok(files) = Vec::<NamedFile>::arbitrary_take_rest(Unstructured::new(input)) {
        check_files(&files.iter().map(NamedFile::file).collect::<Vec<_>>());
    }
});

/// If the image is accepted, compares the files with its bytes. Then packs and parses them again.
fn check_image(image: &[u8]) {
    let Ok(files) = bootfs::parse(image) else {
        return;
    };
    let mut used = Vec::new();
    let mut at = HEADER_LEN;
    for file in &files {
        let word = |at: usize| u32::from_le_bytes(*image[at..].first_chunk().unwrap()) as usize;
        let (name_len, data_len, data_at) = (word(at), word(at + 4), word(at + 8));
        let name = [file.name.as_bytes(), b"\0"].concat();
        assert_eq!(image[at + 12..at + 12 + name_len], name);
        if data_len == 0 {
            assert!(file.data.is_empty());
        } else {
            let end = data_at + data_len;
            assert_eq!(image[data_at..end], file.data);
            used.push((data_at, end));
        }
        at = (at + 12 + name_len).next_multiple_of(4);
    }
    // The directory and the files do not overlap.
    used.push((0, at));
    used.sort_unstable();
    assert!(used.is_sorted_by(|before, after| before.1 <= after.0));
    check_pack_and_parse(&files);
}

/// Packs the files, and parses the image to the same files.
fn check_pack_and_parse(files: &[File]) {
    let image = bootfs::pack(files).unwrap();
    assert_eq!(image.len() % PAGE, 0);
    assert_eq!(bootfs::parse(&image).unwrap(), files);
}

/// Packs the files if their names are valid and unique. Checks `bootfs::put` as well.
fn check_files(files: &[File]) {
    let mut names = BTreeSet::new();
    // The error is for the first invalid or repeated name.
    let expected = files.iter().find_map(|file| {
        let name = || file.name.clone();
        if !is_valid_name(&file.name) {
            return Some(BootfsError::InvalidName(name()));
        }
        (!names.insert(&file.name)).then(|| BootfsError::DuplicateName(name()))
    });
    match expected {
        Some(error) => assert_eq!(bootfs::pack(files), Err(error)),
        None => check_pack_and_parse(files),
    }
    let mut put = Vec::new();
    for file in files {
        bootfs::put(&mut put, file.clone());
    }
    let distinct: BTreeSet<_> = files.iter().map(|file| &file.name).collect();
    assert_eq!(put.len(), distinct.len());
    for file in &put {
        let last = files.iter().rfind(|other| other.name == file.name);
        assert_eq!(last, Some(file));
    }
}

/// A valid name is a relative path without empty, `.` or `..` components, shorter than 256 bytes and
/// without NUL.
fn is_valid_name(name: &str) -> bool {
    let is_relative_path = !name.is_empty()
        && !name.starts_with('/')
        && !name.ends_with('/')
        && !name.contains("//")
        && !name.split('/').any(|part| part == "." || part == "..");
    is_relative_path && name.len() < 256 && !name.contains('\0')
}

/// The directory of an image, and the size of the data after it. It is not always valid.
#[derive(Arbitrary, Debug)]
struct Directory {
    entries: Vec<Entry>,
    /// The number of pages after the directory, modulo 8.
    pages: u8,
    /// The number of bytes after these pages, modulo the page size.
    last_page: u16,
    /// Offsets and values of the bytes that are changed before the second check.
    damage: Vec<(u16, u8)>,
}

#[derive(Arbitrary, Debug)]
struct Entry {
    name: u8,
    data_len: u16,
    /// The page of the data, modulo 8.
    page: u8,
}

impl Directory {
    fn check(&self) {
        let mut image = self.image();
        assert_eq!(bootfs::parse(&image).is_ok(), self.is_valid(image.len()));
        check_image(&image);
        for (at, byte) in &self.damage {
            let at = usize::from(*at) % image.len();
            image[at] = *byte;
        }
        check_image(&image);
    }

    fn image(&self) -> Vec<u8> {
        let entries = self.entries.iter().flat_map(Entry::bytes);
        let entries: Vec<_> = entries.collect();
        let length = u32::try_from(entries.len()).unwrap();
        let mut image = [MAGIC, length, 0, 0].map(u32::to_le_bytes).concat();
        image.extend(entries);
        let data_len = usize::from(self.pages % 8) * PAGE + usize::from(self.last_page) % PAGE;
        let (begin, end) = (image.len(), image.len() + data_len);
        image.resize(end, 0);
        // Makes all pages different.
        for (number, page) in (1..).zip((begin.next_multiple_of(PAGE)..end).step_by(PAGE)) {
            image[page] = number;
        }
        image
    }

    /// Whether the names are unique, and the files are separate and within the image.
    fn is_valid(&self, end: usize) -> bool {
        let names: BTreeSet<_> = self.entries.iter().map(|entry| entry.name).collect();
        let directory_end = HEADER_LEN + 16 * self.entries.len();
        let mut used = vec![(0, directory_end), (end, usize::MAX)];
        for entry in self.entries.iter().filter(|entry| entry.data_len != 0) {
            let start = usize::from(entry.page % 8) * PAGE;
            used.push((start, start + usize::from(entry.data_len)));
        }
        used.sort_unstable();
        let is_disjoint = used.is_sorted_by(|before, after| before.1 <= after.0);
        names.len() == self.entries.len() && is_disjoint
    }
}

impl Entry {
    fn bytes(&self) -> Vec<u8> {
        let page = u32::from(self.page % 8) * 4096;
        let fields = [3, u32::from(self.data_len), page].map(u32::to_le_bytes);
        let name = [b'A' + (self.name >> 4), b'A' + (self.name & 15), 0, 0];
        [fields.concat(), name.to_vec()].concat()
    }
}

#[derive(Arbitrary, Debug)]
struct NamedFile<'a> {
    name: Name<'a>,
    byte: u8,
    length: u16,
}

/// A name. Many of these names are invalid or repeated.
#[derive(Arbitrary, Debug)]
enum Name<'a> {
    Any(&'a str),
    Parts(Vec<Part>),
    Long(u16),
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Part {
    A,
    Bin,
    Empty,
    Dot,
    DotDot,
    Dots,
    Nul,
}

impl NamedFile<'_> {
    fn file(&self) -> File {
        let part = |part: &Part| match part {
            Part::A => "a",
            Part::Bin => "bin",
            Part::Empty => "",
            Part::Dot => ".",
            Part::DotDot => "..",
            Part::Dots => "...",
            Part::Nul => "\0",
        };
        let name = match &self.name {
            Name::Any(name) => (*name).to_owned(),
            Name::Parts(parts) => parts.iter().map(part).collect::<Vec<_>>().join("/"),
            Name::Long(length) => "x".repeat(usize::from(*length) % 300),
        };
        let length = usize::from(self.length) % (3 * PAGE);
        File {
            name,
            data: vec![self.byte; length],
        }
    }
}
