use super::*;
use proptest::collection::vec;
use proptest::prelude::*;

fn any_item() -> impl Strategy<Value = Item<'static>> {
    let payload = vec(any::<u8>(), 0..100);
    (any::<[u32; 3]>(), any::<[u32; 2]>(), payload).prop_map(
        |([kind, extra, flags], reserved, payload)| Item {
            kind,
            extra,
            flags: flags | FLAG_VERSION,
            reserved,
            payload: payload.into(),
        },
    )
}

proptest! {
    #[test]
    fn parse_reverses_pack(items in vec(any_item(), 0..6)) {
        let image = pack(&items).unwrap();
        prop_assert_eq!(image.len() % ALIGN, 0);
        prop_assert_eq!(parse(&image).unwrap(), items);
    }

    #[test]
    fn pack_reverses_parse(items in vec(any_item(), 0..6)) {
        let image = pack(&items).unwrap();
        prop_assert_eq!(pack(&parse(&image).unwrap()).unwrap(), image);
    }

    #[test]
    fn truncated_image_is_rejected(items in vec(any_item(), 1..6), length in any::<prop::sample::Index>()) {
        let image = pack(&items).unwrap();
        prop_assert!(parse(&image[..length.index(image.len())]).is_err());
    }

    #[test]
    fn bit_flip_in_item_with_crc_is_rejected(
        items in vec(any_item(), 1..4),
        offset in any::<prop::sample::Index>(),
        bit in 0..8_u8,
    ) {
        let items: Vec<_> = items
            .into_iter()
            .map(|item| Item::new(item.kind, item.extra, item.flags, [&item.payload[..], &[7; 8]].concat()))
            .collect();
        let mut image = pack(&items).unwrap();
        // Not in the container header, because `parse` ignores some of its fields.
        let offset = HEADER_LEN + offset.index(image.len() - HEADER_LEN);
        image[offset] ^= 1_u8 << bit;
        let parsed = parse(&image);
        // `parse` ignores a flipped bit in the padding.
        prop_assert!(parsed.is_err() || parsed.unwrap() == items);
    }

    #[test]
    fn arbitrary_bytes_do_not_panic(mut bytes in vec(any::<u8>(), 0..300), with_header in any::<bool>()) {
        if with_header {
            let header = pack(&[]).unwrap();
            bytes.splice(0..bytes.len().min(4), header[..4].iter().copied());
            if bytes.len() >= HEADER_LEN {
                bytes[8..HEADER_LEN].copy_from_slice(&header[8..]);
            }
        }
        let _ = parse(&bytes);
    }
}

#[test]
fn too_large_item_length_is_truncated_error() {
    let mut image = pack(&[Item::new(BOOTFS, 0, 0, vec![1, 2, 3])]).unwrap();
    image[HEADER_LEN + 4..HEADER_LEN + 8].copy_from_slice(&u32::MAX.to_le_bytes());
    assert_eq!(
        parse(&image),
        Err(ZbiError::Truncated {
            offset: 64,
            expected: MAX_LEN,
            actual: 8
        })
    );
}

#[test]
fn trailing_zeros_are_accepted_and_other_bytes_rejected() {
    let mut image = pack(&[Item::new(BOOTFS, 0, 0, vec![1])]).unwrap();
    image.extend([0; 512]);
    assert!(parse(&image).is_ok());
    image.push(1);
    assert_eq!(parse(&image), Err(ZbiError::TrailingBytes(513)));
}

#[test]
fn other_file_types_are_rejected() {
    assert_eq!(parse(b""), Err(ZbiError::NotZbi));
    assert_eq!(parse(&[0x7f; 64]), Err(ZbiError::NotZbi));
}
