use super::*;
use proptest::collection::vec;
use proptest::prelude::*;

const ALL: [Compression; 3] = [Compression::None, Compression::Lz4, Compression::Zstd];

/// Data that compresses badly, and data that compresses well.
fn any_data() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        vec(any::<u8>(), 0..3000),
        (any::<u8>(), 0..200_000_usize).prop_map(|(byte, length)| vec![byte; length]),
    ]
}

proptest! {
    #[test]
    fn decode_reverses_encode(data in any_data(), compression in prop::sample::select(&ALL[..])) {
        let encoded = encode(&data, compression).unwrap();
        let (decoded, detected) = decode(encoded.extra, encoded.is_compressed, &encoded.payload).unwrap();
        prop_assert_eq!(decoded, data);
        prop_assert_eq!(detected, compression);
    }

    #[test]
    fn truncated_frame_is_rejected_or_decoded_correctly(
        data in any_data(),
        compression in prop::sample::select(&ALL[1..]),
        length in any::<prop::sample::Index>(),
    ) {
        let encoded = encode(&data, compression).unwrap();
        let truncated = &encoded.payload[..length.index(encoded.payload.len())];
        if let Ok((decoded, _)) = decode(encoded.extra, true, truncated) {
            prop_assert_eq!(decoded, data);
        }
    }

    #[test]
    fn corrupted_frame_is_rejected_or_has_expected_length(
        data in any_data(),
        compression in prop::sample::select(&ALL[1..]),
        offset in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut encoded = encode(&data, compression).unwrap();
        let offset = offset.index(encoded.payload.len());
        encoded.payload[offset] = byte;
        if let Ok((decoded, _)) = decode(encoded.extra, true, &encoded.payload) {
            prop_assert_eq!(decoded.len(), data.len());
        }
    }

    #[test]
    fn arbitrary_frame_is_rejected_or_has_expected_length(bytes in vec(any::<u8>(), 0..100), zstd in any::<bool>()) {
        let magic = if zstd { ZSTD_MAGIC } else { LZ4_MAGIC };
        let payload = [&magic[..], &bytes].concat();
        if let Ok((decoded, _)) = decode(1000, true, &payload) {
            prop_assert_eq!(decoded.len(), 1000);
        }
    }
}

#[test]
fn wrong_uncompressed_length_is_rejected() {
    for compression in [Compression::Lz4, Compression::Zstd] {
        let encoded = encode(&vec![7; 100_000], compression).unwrap();
        for extra in [0, 99_999, 100_001, MAX_LEN] {
            let result = decode(extra, true, &encoded.payload);
            assert!(
                matches!(result, Err(StorageError::LengthMismatch { .. })),
                "{compression:?} {extra}: {result:?}"
            );
        }
        let result = decode(u32::MAX, true, &encoded.payload);
        assert!(matches!(result, Err(StorageError::TooLong)));
    }
}

#[test]
fn unknown_compression_is_rejected() {
    for payload in [&b""[..], b"abc", b"\x1f\x8b\x08\0\0\0"] {
        assert!(matches!(
            decode(10, true, payload),
            Err(StorageError::UnknownCompression)
        ));
    }
}
