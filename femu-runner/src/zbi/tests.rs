use super::*;
use proptest::collection::vec;
use proptest::prelude::*;

fn an_item() -> impl Strategy<Value = Item<'static>> {
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
    fn what_was_packed_is_read_again(items in vec(an_item(), 0..6)) {
        let image = pack(&items).unwrap();
        prop_assert_eq!(image.len() % ALIGN, 0);
        prop_assert_eq!(parse(&image).unwrap(), items);
    }

    #[test]
    fn what_was_read_is_packed_to_the_same_bytes(items in vec(an_item(), 0..6)) {
        let image = pack(&items).unwrap();
        prop_assert_eq!(pack(&parse(&image).unwrap()).unwrap(), image);
    }

    #[test]
    fn a_truncated_image_is_refused(items in vec(an_item(), 1..6), cut in any::<prop::sample::Index>()) {
        let image = pack(&items).unwrap();
        prop_assert!(parse(&image[..cut.index(image.len())]).is_err());
    }

    #[test]
    fn a_damaged_item_with_a_crc_is_refused(
        items in vec(an_item(), 1..4),
        at in any::<prop::sample::Index>(),
        bit in 0..8_u8,
    ) {
        let items: Vec<_> = items
            .into_iter()
            .map(|item| Item::new(item.kind, item.extra, item.flags, [&item.payload[..], &[7; 8]].concat()))
            .collect();
        let mut image = pack(&items).unwrap();
        // Past the container's header: of its fields some are not looked at.
        let at = HEADER_LEN + at.index(image.len() - HEADER_LEN);
        image[at] ^= 1_u8 << bit;
        let read = parse(&image);
        // A bit of padding belongs to no item.
        prop_assert!(read.is_err() || read.unwrap() == items);
    }

    #[test]
    fn any_bytes_are_read_or_refused(mut bytes in vec(any::<u8>(), 0..300), headed in any::<bool>()) {
        if headed {
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
fn a_length_that_lies_allocates_nothing() {
    let mut image = pack(&[Item::new(BOOTFS, 0, 0, vec![1, 2, 3])]).unwrap();
    image[HEADER_LEN + 4..HEADER_LEN + 8].copy_from_slice(&u32::MAX.to_le_bytes());
    assert_eq!(
        parse(&image),
        Err(ZbiError::Truncated {
            at: 64,
            want: MAX_LEN,
            have: 8
        })
    );
}

#[test]
fn zeroes_may_follow_an_image_and_nothing_else() {
    let mut image = pack(&[Item::new(BOOTFS, 0, 0, vec![1])]).unwrap();
    image.extend([0; 512]);
    assert!(parse(&image).is_ok());
    image.push(1);
    assert_eq!(parse(&image), Err(ZbiError::Trailing(513)));
}

#[test]
fn a_file_of_another_kind_is_refused() {
    assert_eq!(parse(b""), Err(ZbiError::NotZbi));
    assert_eq!(parse(&[0x7f; 64]), Err(ZbiError::NotZbi));
}
