//! Adds the program to the boot image.

use crate::architecture::{self, Architecture};
use crate::bootfs::{self, File};
use crate::setup_error::SetupError;
use crate::{libraries, storage, zbi};

/// Longer program names are cut, so that console messages stay readable. BOOTFS allows longer
/// names.
const MAX_NAME: usize = 100;

/// A boot image with added files.
#[derive(Debug)]
pub struct BootImage {
    /// The image with the added files.
    pub bytes: Vec<u8>,
    /// Its `bin/bootsvc`.
    pub bootsvc: Option<Bootsvc>,
    /// The program's path in the image.
    pub program: String,
}

/// Adds the program and `libraries` to the first BOOTFS of the image, which is the one that userboot
/// reads. Keeps its compression.
///
/// # Errors
///
/// The image is corrupted, contains no BOOTFS, contains no kernel or one for another architecture, or
/// lacks a library that the program loads.
pub fn add_program(
    image: &[u8],
    image_name: &str,
    architecture: &Architecture,
    program: File,
    libraries: Vec<File>,
) -> Result<BootImage, SetupError> {
    let unusable = |error: &dyn std::fmt::Display| {
        SetupError::new(
            format!("cannot use {image_name}: {error}"),
            "give another boot image with --zbi (FEMU_ZBI)",
        )
    };
    let mut items = zbi::parse(image).map_err(|error| unusable(&error))?;
    let kernel = items
        .iter()
        .find_map(|item| architecture::by_kernel_item(item.kind));
    let kernel = kernel.ok_or_else(|| unusable(&"it contains no kernel"))?;
    if kernel != architecture {
        return Err(unusable(&format!(
            "its kernel is for {}, but the program is for {}",
            kernel.name, architecture.name
        )));
    }
    let item = items.iter_mut().find(|item| item.kind == zbi::BOOTFS);
    let item = item.ok_or_else(|| unusable(&"it contains no BOOTFS item"))?;
    let is_compressed = item.flags & storage::COMPRESSED != 0;
    let (bootfs, compression) = storage::decode(item.extra, is_compressed, &item.payload)
        .map_err(|error| unusable(&format!("BOOTFS item: {error}")))?;
    let mut all_files =
        bootfs::parse(&bootfs).map_err(|error| unusable(&format!("BOOTFS: {error}")))?;
    for library in libraries {
        bootfs::put(&mut all_files, library);
    }
    let program = File {
        name: unused_path(program.name, &all_files),
        ..program
    };
    let missing =
        libraries::missing(&program.data, &all_files).map_err(|error| unusable(&error))?;
    if !missing.is_empty() {
        return Err(SetupError::new(
            format!(
                "{image_name} does not contain {}, which {} loads",
                missing.join(" and "),
                program.name
            ),
            "add the libraries with --lib (FEMU_LIBS), or give another boot image",
        ));
    }
    let bootsvc = all_files.iter().find(|file| file.name == "bin/bootsvc");
    let bootsvc = bootsvc.map(|file| Bootsvc::read(&file.data));
    let path = program.name.clone();
    bootfs::put(&mut all_files, program);
    let bootfs = bootfs::pack(&all_files).map_err(|error| unusable(&error))?;
    let encoded = storage::encode(&bootfs, compression).map_err(|error| unusable(&error))?;
    item.extra = encoded.extra;
    item.payload = encoded.payload.into();
    let bytes = zbi::pack(&items).map_err(|error| unusable(&error))?;
    Ok(BootImage {
        bytes,
        bootsvc,
        program: path,
    })
}

/// The properties of a bootsvc, from its messages (read in the sources of July 2019 and April 2021).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bootsvc {
    /// It starts the program without environment variables. The one of July 2019 serves them as
    /// `fuchsia.boot.Arguments` instead. Later ones do both, and have a message for an error of the
    /// second.
    pub drops_environment: bool,
    /// It ends, or prints a message, when the program has ended. The one of July 2019 does neither.
    pub reports_end: bool,
}

impl Bootsvc {
    fn read(program: &[u8]) -> Self {
        let contains = |text: &str| memchr::memmem::find(program, text.as_bytes()).is_some();
        Self {
            drops_environment: contains("fuchsia.boot.Arguments")
                && !contains("cannot set up environment"),
            reports_end: contains("waiting for next process termination")
                || contains("NEXT EXITED"),
        }
    }
}

/// The path, or another one if the image has a file there, such as `bin/bootsvc`.
fn unused_path(path: String, files: &[File]) -> String {
    let is_used = |path: &str| files.iter().any(|file| file.name == path);
    let name = path.strip_prefix("bin/").unwrap_or(&path);
    if is_used(&path) {
        format!("bin/femu-{name}")
    } else {
        path
    }
}

/// The program's path in the image. Characters that a kernel command line cannot contain are
/// replaced by `_`.
pub fn program_path(file_name: &str) -> String {
    let is_allowed = |char: char| char.is_ascii_alphanumeric() || "-_.".contains(char);
    let name: String = file_name
        .chars()
        .take(MAX_NAME)
        .map(|char| if is_allowed(char) { char } else { '_' })
        .collect();
    format!("bin/{name}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::architecture::ARCHITECTURES;
    use crate::storage::Compression;
    use crate::zbi::Item;

    fn file(name: &str, data: &[u8]) -> File {
        File {
            name: name.to_owned(),
            data: data.to_vec(),
        }
    }

    /// An ELF header without segments.
    fn program() -> Vec<u8> {
        let mut program = vec![0; 64];
        program[..7].copy_from_slice(b"\x7fELF\x02\x01\x01");
        program
    }

    /// A boot image with a kernel, a BOOTFS of `files`, and other items before and after it.
    fn image_of(files: &[File], compression: Compression) -> Vec<u8> {
        let encoded = storage::encode(&bootfs::pack(files).unwrap(), compression).unwrap();
        let kernel = Item::new(ARCHITECTURES[0].kernel_item, 1, 0, vec![1; 9]);
        let other = Item::new(0x1234, 5, 0x40, vec![2; 3]);
        let flags = u32::from(encoded.is_compressed);
        pack(&[
            kernel,
            other.clone(),
            Item::new(zbi::BOOTFS, encoded.extra, flags, encoded.payload),
            other,
        ])
    }

    fn pack(items: &[Item<'_>]) -> Vec<u8> {
        zbi::pack(items).unwrap()
    }

    #[test]
    fn compression_and_other_items_are_kept() {
        for compression in [Compression::None, Compression::Lz4, Compression::Zstd] {
            let old_files = [file("bin/bootsvc", b"b"), file("bin/other", b"old")];
            let image = image_of(&old_files, compression);
            let program = file("bin/t", &program());
            let added =
                add_program(&image, "x.zbi", &ARCHITECTURES[0], program.clone(), vec![]).unwrap();
            assert!(added.bootsvc.is_some());
            let (before, after) = (
                zbi::parse(&image).unwrap(),
                zbi::parse(&added.bytes).unwrap(),
            );
            for index in [0, 1, 3] {
                assert_eq!(before[index], after[index]);
            }
            let (data, compression_after) =
                storage::decode(after[2].extra, after[2].flags & 1 != 0, &after[2].payload)
                    .unwrap();
            assert_eq!(compression_after, compression);
            assert_eq!(
                bootfs::parse(&data).unwrap(),
                [
                    file("bin/bootsvc", b"b"),
                    file("bin/other", b"old"),
                    program
                ]
            );
        }
    }

    #[test]
    fn image_for_another_architecture_is_rejected() {
        let image = image_of(&[], Compression::None);
        let error = add_program(
            &image,
            "x.zbi",
            &ARCHITECTURES[1],
            file("bin/t", &program()),
            vec![],
        )
        .unwrap_err()
        .to_string();
        assert!(
            error.contains("its kernel is for x86_64, but the program is for aarch64"),
            "{error}"
        );
    }

    #[test]
    fn image_without_kernel_or_bootfs_is_rejected() {
        let kernel = Item::new(ARCHITECTURES[0].kernel_item, 1, 0, vec![1; 9]);
        for (items, problem) in [(&[][..], "no kernel"), (&[kernel], "no BOOTFS item")] {
            let program = file("bin/t", &program());
            let error = add_program(&pack(items), "x.zbi", &ARCHITECTURES[0], program, vec![]);
            let error = error.unwrap_err().to_string();
            assert!(error.contains(&format!("it contains {problem}")), "{error}");
        }
    }

    #[test]
    fn program_replaces_no_file_of_the_image() {
        let image = image_of(&[file("bin/bootsvc", b"b")], Compression::None);
        let program = file("bin/bootsvc", &program());
        let added = add_program(&image, "x.zbi", &ARCHITECTURES[0], program, vec![]).unwrap();
        assert_eq!(added.program, "bin/femu-bootsvc");
    }

    #[test]
    fn program_path_is_valid_on_kernel_command_line() {
        assert_eq!(program_path("my_test-12ab"), "bin/my_test-12ab");
        assert_eq!(program_path("a b,c+é"), "bin/a_b_c__");
    }
}
