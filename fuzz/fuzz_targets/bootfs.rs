//! BOOTFS: any bytes are read or refused, and what was packed is read again.
//!
//! The input is taken three times: as an image, as the description of one (so that a short
//! input reaches several pages), and as files to be packed.

#![no_main]

use arbitrary::{Arbitrary, Unstructured};
use bootfs::{BootfsError, File};
use libfuzzer_sys::fuzz_target;
use std::collections::BTreeSet;

// The runner is a program, so there is no library to call.
#[allow(dead_code)]
#[rustfmt::skip] // It would look for the module's tests here.
#[path = "../../femu-runner/src/bootfs.rs"]
mod bootfs;

const PAGE: usize = 4096;

fuzz_target!(|input: &[u8]| {
    any_bytes(input);
    if let Ok(directory) = Directory::arbitrary_take_rest(Unstructured::new(input)) {
        directory.check();
    }
    if let Ok(files) = Vec::<Named>::arbitrary_take_rest(Unstructured::new(input)) {
        any_files(&files.iter().map(Named::file).collect::<Vec<_>>());
    }
});

/// What is read is what stands there. It can be packed, and is then the same.
fn any_bytes(image: &[u8]) {
    let Ok(files) = bootfs::parse(image) else {
        return;
    };
    let mut places = Vec::new();
    let mut at = 16;
    for file in &files {
        let word = |at: usize| u32::from_le_bytes(*image[at..].first_chunk().unwrap()) as usize;
        let (name_len, data_len, data_at) = (word(at), word(at + 4), word(at + 8));
        let name = [file.name.as_bytes(), b"\0"].concat();
        assert_eq!(image[at + 12..at + 12 + name_len], name);
        if data_len == 0 {
            assert!(file.data.is_empty());
        } else {
            let place = data_at..data_at + data_len;
            assert_eq!(image[place.clone()], file.data);
            places.push((place.start, place.end));
        }
        at = (at + 12 + name_len).next_multiple_of(4);
    }
    // No byte of the image is given out twice, be it the directory's or a file's.
    places.push((0, at));
    places.sort_unstable();
    assert!(places.is_sorted_by(|before, after| before.1 <= after.0));
    packed_is_read_again(&files);
}

fn packed_is_read_again(files: &[File]) {
    let image = bootfs::pack(files).unwrap();
    assert_eq!(image.len() % PAGE, 0);
    assert_eq!(bootfs::parse(&image).unwrap(), files);
}

fn any_files(files: &[File]) {
    let mut names = BTreeSet::new();
    // The first that is wrong is told.
    let expected = files.iter().find_map(|file| {
        let name = || file.name.clone();
        if !may_be_a_name(&file.name) {
            return Some(BootfsError::InvalidName(name()));
        }
        (!names.insert(&file.name)).then(|| BootfsError::DuplicateName(name()))
    });
    match expected {
        Some(error) => assert_eq!(bootfs::pack(files), Err(error)),
        None => packed_is_read_again(files),
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

/// As the format has it: a relative path that leads nowhere else, shorter than 256 bytes.
fn may_be_a_name(name: &str) -> bool {
    let parts_are_names = !name.is_empty()
        && !name.starts_with('/')
        && !name.ends_with('/')
        && !name.contains("//")
        && !name.split('/').any(|part| part == "." || part == "..");
    parts_are_names && name.len() < 256 && !name.contains('\0')
}

/// A directory that may be right, and what it speaks of.
#[derive(Arbitrary, Debug)]
struct Directory {
    entries: Vec<Entry>,
    /// How much follows the directory.
    pages: u8,
    last_page: u16,
    /// What is changed afterwards.
    damage: Vec<(u16, u8)>,
}

#[derive(Arbitrary, Debug)]
struct Entry {
    name: u8,
    data_len: u16,
    page: u8,
}

impl Directory {
    fn check(&self) {
        let mut image = self.image();
        assert_eq!(bootfs::parse(&image).is_ok(), self.is_right(image.len()));
        any_bytes(&image);
        for (at, byte) in &self.damage {
            let at = usize::from(*at) % image.len();
            image[at] = *byte;
        }
        any_bytes(&image);
    }

    fn image(&self) -> Vec<u8> {
        let entries = self.entries.iter().flat_map(Entry::bytes);
        let entries: Vec<_> = entries.collect();
        let length = u32::try_from(entries.len()).unwrap();
        let mut image = [0xa56d_3ff9, length, 0, 0].map(u32::to_le_bytes).concat();
        image.extend(entries);
        let behind = usize::from(self.pages % 8) * PAGE + usize::from(self.last_page) % PAGE;
        let (begin, end) = (image.len(), image.len() + behind);
        image.resize(end, 0);
        // So that no two pages are the same.
        for (number, page) in (1..).zip((begin.next_multiple_of(PAGE)..end).step_by(PAGE)) {
            image[page] = number;
        }
        image
    }

    fn is_right(&self, end: usize) -> bool {
        let names: BTreeSet<_> = self.entries.iter().map(|entry| entry.name).collect();
        let directory = 16 + 16 * self.entries.len();
        let mut places = vec![(0, directory), (end, usize::MAX)];
        for entry in self.entries.iter().filter(|entry| entry.data_len != 0) {
            let start = usize::from(entry.page % 8) * PAGE;
            places.push((start, start + usize::from(entry.data_len)));
        }
        places.sort_unstable();
        let are_apart = places.is_sorted_by(|before, after| before.1 <= after.0);
        names.len() == self.entries.len() && are_apart
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
struct Named<'a> {
    name: Name<'a>,
    byte: u8,
    length: u16,
}

/// Names of which many collide or lead elsewhere.
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

impl Named<'_> {
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
