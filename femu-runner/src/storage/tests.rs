use super::*;
use proptest::collection::vec;
use proptest::prelude::*;

const ALL: [Packing; 3] = [Packing::Plain, Packing::Lz4, Packing::Zstd];

/// Some that compress well and some that do not.
fn some_data() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        vec(any::<u8>(), 0..3000),
        (any::<u8>(), 0..200_000_usize).prop_map(|(byte, length)| vec![byte; length]),
    ]
}

proptest! {
    #[test]
    fn what_was_packed_is_unpacked_again(data in some_data(), packing in prop::sample::select(&ALL[..])) {
        let packed = pack(&data, packing).unwrap();
        let (unpacked, was) = unpack(packed.extra, packed.compressed, &packed.payload).unwrap();
        prop_assert_eq!(unpacked, data);
        prop_assert_eq!(was, packing);
    }

    #[test]
    fn a_truncated_frame_never_gives_other_data(
        data in some_data(),
        packing in prop::sample::select(&ALL[1..]),
        cut in any::<prop::sample::Index>(),
    ) {
        let packed = pack(&data, packing).unwrap();
        let cut = &packed.payload[..cut.index(packed.payload.len())];
        if let Ok((unpacked, _)) = unpack(packed.extra, true, cut) {
            prop_assert_eq!(unpacked, data);
        }
    }

    #[test]
    fn a_damaged_frame_is_unpacked_or_refused(
        data in some_data(),
        packing in prop::sample::select(&ALL[1..]),
        at in any::<prop::sample::Index>(),
        to in any::<u8>(),
    ) {
        let mut packed = pack(&data, packing).unwrap();
        let at = at.index(packed.payload.len());
        packed.payload[at] = to;
        if let Ok((unpacked, _)) = unpack(packed.extra, true, &packed.payload) {
            prop_assert_eq!(unpacked.len(), data.len());
        }
    }

    #[test]
    fn any_bytes_behind_a_magic_are_refused_or_short(bytes in vec(any::<u8>(), 0..100), zstd in any::<bool>()) {
        let magic = if zstd { ZSTD_MAGIC } else { LZ4_MAGIC };
        let payload = [&magic[..], &bytes].concat();
        if let Ok((unpacked, _)) = unpack(1000, true, &payload) {
            prop_assert_eq!(unpacked.len(), 1000);
        }
    }
}

#[test]
fn a_length_that_lies_is_refused() {
    for packing in [Packing::Lz4, Packing::Zstd] {
        let packed = pack(&vec![7; 100_000], packing).unwrap();
        for lie in [0, 99_999, 100_001, LARGEST] {
            let result = unpack(lie, true, &packed.payload);
            assert!(
                matches!(result, Err(StorageError::Length { .. })),
                "{packing:?} {lie}: {result:?}"
            );
        }
        let result = unpack(u32::MAX, true, &packed.payload);
        assert!(matches!(result, Err(StorageError::TooLong)));
    }
}

#[test]
fn a_frame_of_an_unknown_kind_is_refused() {
    for payload in [&b""[..], b"abc", b"\x1f\x8b\x08\0\0\0"] {
        assert!(matches!(
            unpack(10, true, payload),
            Err(StorageError::Unknown)
        ));
    }
}
