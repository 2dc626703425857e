use super::*;
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

fn some_files() -> impl Strategy<Value = Vec<File>> {
    let name = "[a-zé]{1,9}(/[a-z.]{1,9}x){0,2}";
    btree_map(name, vec(any::<u8>(), 0..9000), 0..5).prop_map(|files| {
        files
            .into_iter()
            .map(|(name, data)| File { name, data })
            .collect()
    })
}

proptest! {
    #[test]
    fn what_was_packed_is_read_again(files in some_files()) {
        let image = pack(&files).unwrap();
        prop_assert_eq!(image.len() % PAGE, 0);
        prop_assert_eq!(parse(&image).unwrap(), files);
    }

    #[test]
    fn what_was_read_is_packed_to_the_same_bytes(files in some_files()) {
        let image = pack(&files).unwrap();
        prop_assert_eq!(pack(&parse(&image).unwrap()).unwrap(), image);
    }

    #[test]
    fn a_truncated_image_is_refused_or_lacks_only_padding(files in some_files(), cut in any::<prop::sample::Index>()) {
        let image = pack(&files).unwrap();
        if let Ok(read) = parse(&image[..cut.index(image.len())]) {
            prop_assert_eq!(read, files);
        }
    }

    #[test]
    fn a_changed_directory_is_read_or_refused(files in some_files(), at in any::<prop::sample::Index>(), to in any::<u8>()) {
        let mut image = pack(&files).unwrap();
        let at = at.index(image.len().min(200));
        image[at] = to;
        if let Ok(read) = parse(&image) {
            let total: usize = read.iter().map(|file| file.data.len()).sum();
            prop_assert!(total <= image.len());
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(mut bytes in vec(any::<u8>(), 4..300)) {
        bytes[..4].copy_from_slice(&MAGIC.to_le_bytes());
        let _ = parse(&bytes);
        if bytes.len() > 8 {
            bytes[5..8].fill(0);
            let _ = parse(&bytes);
        }
    }
}

fn file(name: &str, data: &[u8]) -> File {
    File {
        name: name.to_owned(),
        data: data.to_vec(),
    }
}

/// Changes one field of the first entry of an image with the files `a` and `b`.
fn with_field(offset: usize, value: u32) -> Result<Vec<File>, BootfsError> {
    let mut image = pack(&[file("a", b"first"), file("b", b"second")]).unwrap();
    image[HEADER_LEN + offset..][..4].copy_from_slice(&value.to_le_bytes());
    parse(&image)
}

#[test]
fn lengths_and_offsets_that_lie_are_refused() {
    let place = |result: Result<Vec<File>, _>, expected: &str| match result {
        Err(BootfsError::Place { reason, .. }) => assert_eq!(reason, expected),
        other => panic!("{other:?}"),
    };
    place(with_field(4, u32::MAX), "is past the end of the image");
    place(with_field(8, 0xffff_f000), "is past the end of the image");
    place(with_field(8, 0), "is inside the directory");
    place(with_field(8, 4097), "is not the beginning of a page");
    place(with_field(8, 8192), "overlaps with another file");
    place(with_field(4, 4097), "overlaps with another file");
    for name_len in [0, 1, 257, u32::MAX] {
        assert_eq!(with_field(0, name_len), Err(BootfsError::Entry(HEADER_LEN)));
    }
}

#[test]
fn a_directory_longer_than_the_image_is_refused() {
    let mut image = pack(&[]).unwrap();
    image[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
    let have = image.len() - HEADER_LEN;
    assert_eq!(
        parse(&image),
        Err(BootfsError::Directory {
            want: u32::MAX as usize,
            have
        })
    );
}

#[test]
fn names_that_lead_elsewhere_are_refused() {
    for name in [
        "",
        "/bin/a",
        "../a",
        "bin/../a",
        "bin//a",
        "./a",
        "bin/",
        "a\0b",
        &"x".repeat(256),
    ] {
        assert_eq!(
            pack(&[file(name, b"")]),
            Err(BootfsError::Name(name.to_owned()))
        );
    }
    let mut image = pack(&[file("abcd/x", b"")]).unwrap();
    let at = HEADER_LEN + ENTRY_LEN;
    for (bytes, name) in [
        (*b"../a/x", "../a/x"),
        (*b"/bcd/x", "/bcd/x"),
        (*b"ab\0d/x", "ab\0d/x"),
    ] {
        image[at..at + 6].copy_from_slice(&bytes);
        assert_eq!(parse(&image), Err(BootfsError::Name(name.to_owned())));
    }
    image[at..at + 7].copy_from_slice(b"abcd/xy");
    assert!(
        matches!(parse(&image), Err(BootfsError::Name(_))),
        "the NUL is missing"
    );
    image[at..at + 7].copy_from_slice(b"ab\xffd/x\0");
    assert!(
        matches!(parse(&image), Err(BootfsError::Name(_))),
        "it is not UTF-8"
    );
}

#[test]
fn two_files_of_one_name_are_refused() {
    let twice = Err(BootfsError::Twice("a".to_owned()));
    assert_eq!(pack(&[file("a", b"1"), file("a", b"2")]), twice);
    let mut image = pack(&[file("a", b"1"), file("b", b"2")]).unwrap();
    image[HEADER_LEN + 16 + ENTRY_LEN] = b'a';
    assert_eq!(parse(&image).map(drop), twice.map(drop));
}

#[test]
fn a_file_takes_the_place_of_one_with_its_name() {
    let mut files = vec![file("a", b"1"), file("b", b"2")];
    put(&mut files, file("a", b"3"));
    put(&mut files, file("c", b"4"));
    assert_eq!(files, [file("a", b"3"), file("b", b"2"), file("c", b"4")]);
}
