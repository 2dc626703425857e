use super::*;
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

fn any_files() -> impl Strategy<Value = Vec<File>> {
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
    fn parse_reverses_pack(files in any_files()) {
        let image = pack(&files).unwrap();
        prop_assert_eq!(image.len() % PAGE, 0);
        prop_assert_eq!(parse(&image).unwrap(), files);
    }

    #[test]
    fn pack_reverses_parse(files in any_files()) {
        let image = pack(&files).unwrap();
        prop_assert_eq!(pack(&parse(&image).unwrap()).unwrap(), image);
    }

    #[test]
    fn truncated_image_is_rejected_or_lacks_only_padding(files in any_files(), length in any::<prop::sample::Index>()) {
        let image = pack(&files).unwrap();
        if let Ok(parsed) = parse(&image[..length.index(image.len())]) {
            prop_assert_eq!(parsed, files);
        }
    }

    #[test]
    fn corrupted_directory_does_not_multiply_data(files in any_files(), offset in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut image = pack(&files).unwrap();
        let offset = offset.index(image.len().min(200));
        image[offset] = byte;
        if let Ok(parsed) = parse(&image) {
            let total: usize = parsed.iter().map(|file| file.data.len()).sum();
            prop_assert!(total <= image.len());
        }
    }

    #[test]
    fn arbitrary_bytes_after_magic_do_not_panic(mut bytes in vec(any::<u8>(), 4..300)) {
        bytes[..4].copy_from_slice(&MAGIC.to_le_bytes());
        let _ = parse(&bytes);
        if bytes.len() > 8 {
            // A small directory length.
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

/// Parses an image of the files `a` and `b`, with one field of the first entry replaced.
fn parse_with_field(offset: usize, value: u32) -> Result<Vec<File>, BootfsError> {
    let mut image = pack(&[file("a", b"first"), file("b", b"second")]).unwrap();
    image[HEADER_LEN + offset..][..4].copy_from_slice(&value.to_le_bytes());
    parse(&image)
}

#[test]
fn invalid_lengths_and_offsets_are_rejected() {
    let assert_reason = |result: Result<Vec<File>, _>, expected: &str| match result {
        Err(BootfsError::InvalidRange { reason, .. }) => assert_eq!(reason, expected),
        other => panic!("{other:?}"),
    };
    assert_reason(parse_with_field(4, u32::MAX), "past the end of the image");
    assert_reason(
        parse_with_field(8, 0xffff_f000),
        "past the end of the image",
    );
    assert_reason(parse_with_field(8, 0), "overlaps the directory");
    assert_reason(parse_with_field(8, 4097), "not page-aligned");
    assert_reason(parse_with_field(8, 8192), "overlaps another file");
    assert_reason(parse_with_field(4, 4097), "overlaps another file");
    for name_len in [0, 1, 257, u32::MAX] {
        assert_eq!(
            parse_with_field(0, name_len),
            Err(BootfsError::InvalidEntry(HEADER_LEN))
        );
    }
}

#[test]
fn directory_longer_than_image_is_rejected() {
    let mut image = pack(&[]).unwrap();
    image[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
    let actual = image.len() - HEADER_LEN;
    assert_eq!(
        parse(&image),
        Err(BootfsError::TruncatedDirectory {
            expected: u32::MAX as usize,
            actual
        })
    );
}

#[test]
fn invalid_names_are_rejected() {
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
            Err(BootfsError::InvalidName(name.to_owned()))
        );
    }
    let mut image = pack(&[file("abcd/x", b"")]).unwrap();
    let name_offset = HEADER_LEN + ENTRY_LEN;
    for (bytes, name) in [
        (*b"../a/x", "../a/x"),
        (*b"/bcd/x", "/bcd/x"),
        (*b"ab\0d/x", "ab\0d/x"),
    ] {
        image[name_offset..][..6].copy_from_slice(&bytes);
        assert_eq!(
            parse(&image),
            Err(BootfsError::InvalidName(name.to_owned()))
        );
    }
    image[name_offset..][..7].copy_from_slice(b"abcd/xy");
    assert!(
        matches!(parse(&image), Err(BootfsError::InvalidName(_))),
        "the NUL is missing"
    );
    image[name_offset..][..7].copy_from_slice(b"ab\xffd/x\0");
    assert!(
        matches!(parse(&image), Err(BootfsError::InvalidName(_))),
        "the name is not UTF-8"
    );
}

#[test]
fn duplicate_names_are_rejected() {
    let duplicate = Err(BootfsError::DuplicateName("a".to_owned()));
    assert_eq!(pack(&[file("a", b"1"), file("a", b"2")]), duplicate);
    let mut image = pack(&[file("a", b"1"), file("b", b"2")]).unwrap();
    image[HEADER_LEN + 16 + ENTRY_LEN] = b'a';
    assert_eq!(parse(&image).map(drop), duplicate.map(drop));
}

#[test]
fn put_replaces_file_of_same_name() {
    let mut files = vec![file("a", b"1"), file("b", b"2")];
    put(&mut files, file("a", b"3"));
    put(&mut files, file("c", b"4"));
    assert_eq!(files, [file("a", b"3"), file("b", b"2"), file("c", b"4")]);
}
