//! The boot image with the program in it.

use crate::bootfs::{self, File};
use crate::machine::{self, Machine};
use crate::setup::{SetupError, setup};
use crate::{storage, zbi};

/// What old zbi tools and kernels take as the program's name is longer; this is readable.
const MAX_NAME: usize = 100;

/// A boot image, and what it holds.
#[derive(Debug)]
pub struct BootImage {
    /// The image with the new files.
    pub bytes: Vec<u8>,
    /// Whether it holds `bin/bootsvc`.
    pub has_bootsvc: bool,
    /// What of the loader the program asks for and the image lacks.
    pub lacks: Vec<&'static str>,
}

/// Adds `files` to the image's first BOOTFS, which is the one that userboot reads. It is packed
/// again as it was.
///
/// # Errors
///
/// The image is damaged, holds no BOOTFS, or holds another machine's kernel.
pub fn add(
    image: &[u8],
    name: &str,
    machine: &Machine,
    files: Vec<File>,
) -> Result<BootImage, SetupError> {
    let bad = |error: &dyn std::fmt::Display| {
        setup(
            format!("{name} cannot be used: {error}"),
            "give another boot image with --zbi (FEMU_ZBI)",
        )
    };
    let mut items = zbi::parse(image).map_err(|error| bad(&error))?;
    let kernel = items
        .iter()
        .find_map(|item| machine::by_kernel_item(item.kind));
    if let Some(kernel) = kernel.filter(|kernel| *kernel != machine) {
        return Err(bad(&format!(
            "it is for {}, and the program is for {}",
            kernel.name, machine.name
        )));
    }
    let item = items.iter_mut().find(|item| item.kind == zbi::BOOTFS);
    let item =
        item.ok_or_else(|| bad(&"it holds no BOOTFS, so there is no place for the program"))?;
    let compressed = item.flags & storage::COMPRESSED != 0;
    let (bootfs, packing) = storage::unpack(item.extra, compressed, &item.payload)
        .map_err(|error| bad(&format!("in its BOOTFS item, {error}")))?;
    let mut all =
        bootfs::parse(&bootfs).map_err(|error| bad(&format!("in its BOOTFS, {error}")))?;
    for file in files {
        bootfs::put(&mut all, file);
    }
    let holds = |name: &str| all.iter().any(|file| file.name == name);
    let has_bootsvc = holds("bin/bootsvc");
    let lacks = ["lib/ld.so.1", "lib/libfdio.so"]
        .into_iter()
        .filter(|name| !holds(name))
        .collect();
    let bootfs = bootfs::pack(&all).map_err(|error| bad(&error))?;
    let packed = storage::pack(&bootfs, packing).map_err(|error| bad(&error))?;
    item.extra = packed.extra;
    item.payload = packed.payload.into();
    let bytes = zbi::pack(&items).map_err(|error| bad(&error))?;
    Ok(BootImage {
        bytes,
        has_bootsvc,
        lacks,
    })
}

/// The program's path in the image: what a kernel command line cannot carry becomes `_`.
pub fn program_path(file_name: &str) -> String {
    let plain = |char: char| char.is_ascii_alphanumeric() || "-_.".contains(char);
    let name: String = file_name
        .chars()
        .take(MAX_NAME)
        .map(|char| if plain(char) { char } else { '_' })
        .collect();
    format!("bin/{name}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::MACHINES;
    use crate::storage::Packing;
    use crate::zbi::Item;

    fn file(name: &str, data: &[u8]) -> File {
        File {
            name: name.to_owned(),
            data: data.to_vec(),
        }
    }

    fn image_of(files: &[File], packing: Packing) -> Vec<u8> {
        let packed = storage::pack(&bootfs::pack(files).unwrap(), packing).unwrap();
        let kernel = Item::new(MACHINES[0].kernel_item, 1, 0, vec![1; 9]);
        let other = Item::new(0x1234, 5, 0x40, vec![2; 3]);
        let flags = u32::from(packed.compressed);
        pack(&[
            kernel,
            other.clone(),
            Item::new(zbi::BOOTFS, packed.extra, flags, packed.payload),
            other,
        ])
    }

    fn pack(items: &[Item<'_>]) -> Vec<u8> {
        zbi::pack(items).unwrap()
    }

    #[test]
    fn the_bootfs_is_packed_as_it_was_and_other_items_are_untouched() {
        for packing in [Packing::Plain, Packing::Lz4, Packing::Zstd] {
            let image = image_of(&[file("bin/bootsvc", b"b"), file("bin/t", b"old")], packing);
            let added = add(&image, "x.zbi", &MACHINES[0], vec![file("bin/t", b"new")]).unwrap();
            assert!(added.has_bootsvc);
            assert_eq!(added.lacks, ["lib/ld.so.1", "lib/libfdio.so"]);
            let (before, after) = (
                zbi::parse(&image).unwrap(),
                zbi::parse(&added.bytes).unwrap(),
            );
            for index in [0, 1, 3] {
                assert_eq!(before[index], after[index]);
            }
            let (data, as_before) =
                storage::unpack(after[2].extra, after[2].flags & 1 != 0, &after[2].payload)
                    .unwrap();
            assert_eq!(as_before, packing);
            assert_eq!(
                bootfs::parse(&data).unwrap(),
                [file("bin/bootsvc", b"b"), file("bin/t", b"new")]
            );
        }
    }

    #[test]
    fn another_machines_image_is_refused() {
        let image = image_of(&[], Packing::Plain);
        let error = add(&image, "x.zbi", &MACHINES[1], vec![])
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("it is for x86_64, and the program is for aarch64"),
            "{error}"
        );
    }

    #[test]
    fn an_image_without_a_bootfs_is_refused() {
        let error = add(&pack(&[]), "x.zbi", &MACHINES[0], vec![])
            .unwrap_err()
            .to_string();
        assert!(error.contains("it holds no BOOTFS"), "{error}");
    }

    #[test]
    fn a_programs_path_fits_on_a_kernel_command_line() {
        assert_eq!(program_path("conformance-12ab"), "bin/conformance-12ab");
        assert_eq!(program_path("a b,c+é"), "bin/a_b_c__");
    }
}
