//! Adds the program to the boot image.

use crate::architecture::{self, Architecture};
use crate::bootfs::{self, File};
use crate::setup_error::SetupError;
use crate::{storage, zbi};

/// Longer program names are cut, so that console messages stay readable. BOOTFS allows longer
/// names.
const MAX_NAME: usize = 100;

/// A boot image with added files.
#[derive(Debug)]
pub struct BootImage {
    /// The image with the added files.
    pub bytes: Vec<u8>,
    /// Whether it contains `bin/bootsvc`.
    pub has_bootsvc: bool,
    /// The libraries that programs with `std` load and that the image does not contain.
    pub missing_libraries: Vec<&'static str>,
}

/// Adds `files` to the first BOOTFS of the image, which is the one that userboot reads. Keeps its
/// compression.
///
/// # Errors
///
/// The image is corrupted, contains no BOOTFS, or contains a kernel for another architecture.
pub fn add_files(
    image: &[u8],
    image_name: &str,
    architecture: &Architecture,
    files: Vec<File>,
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
    if let Some(kernel) = kernel.filter(|kernel| *kernel != architecture) {
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
    for file in files {
        bootfs::put(&mut all_files, file);
    }
    let contains = |name: &str| all_files.iter().any(|file| file.name == name);
    let has_bootsvc = contains("bin/bootsvc");
    let missing_libraries = ["lib/ld.so.1", "lib/libfdio.so"]
        .into_iter()
        .filter(|name| !contains(name))
        .collect();
    let bootfs = bootfs::pack(&all_files).map_err(|error| unusable(&error))?;
    let encoded = storage::encode(&bootfs, compression).map_err(|error| unusable(&error))?;
    item.extra = encoded.extra;
    item.payload = encoded.payload.into();
    let bytes = zbi::pack(&items).map_err(|error| unusable(&error))?;
    Ok(BootImage {
        bytes,
        has_bootsvc,
        missing_libraries,
    })
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
            let old_files = [file("bin/bootsvc", b"b"), file("bin/t", b"old")];
            let image = image_of(&old_files, compression);
            let new_files = vec![file("bin/t", b"new")];
            let added = add_files(&image, "x.zbi", &ARCHITECTURES[0], new_files).unwrap();
            assert!(added.has_bootsvc);
            assert_eq!(added.missing_libraries, ["lib/ld.so.1", "lib/libfdio.so"]);
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
                [file("bin/bootsvc", b"b"), file("bin/t", b"new")]
            );
        }
    }

    #[test]
    fn image_for_another_architecture_is_rejected() {
        let image = image_of(&[], Compression::None);
        let error = add_files(&image, "x.zbi", &ARCHITECTURES[1], vec![])
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("its kernel is for x86_64, but the program is for aarch64"),
            "{error}"
        );
    }

    #[test]
    fn image_without_bootfs_is_rejected() {
        let error = add_files(&pack(&[]), "x.zbi", &ARCHITECTURES[0], vec![])
            .unwrap_err()
            .to_string();
        assert!(error.contains("it contains no BOOTFS item"), "{error}");
    }

    #[test]
    fn program_path_is_valid_on_kernel_command_line() {
        assert_eq!(program_path("my_test-12ab"), "bin/my_test-12ab");
        assert_eq!(program_path("a b,c+é"), "bin/a_b_c__");
    }
}
