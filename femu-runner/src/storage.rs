//! Decodes and encodes the payload of storage items: uncompressed, or one LZ4 or zstd frame.
//!
//! In `zircon/boot/image.h`, flag bit 0 marks a compressed payload, and `extra` is the
//! uncompressed length. Images of Zircon are LZ4 until August 2019 and zstd since then (commit
//! 2c53d89e761); since May 2020 LZ4 is not supported (commit 0eb10182c33).

use lz4_flex::frame::{BlockMode, BlockSize, FrameDecoder, FrameEncoder, FrameInfo};
use ruzstd::decoding::StreamingDecoder;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use std::io::{self, Read, Write};
use thiserror::Error;

/// `ZBI_FLAG_STORAGE_COMPRESSED`
pub const COMPRESSED: u32 = 1;
/// Limit for the uncompressed length, so that a corrupted item cannot exhaust memory.
const MAX_LEN: u32 = 1 << 30;
const LZ4_MAGIC: [u8; 4] = 0x184d_2204_u32.to_le_bytes();
const ZSTD_MAGIC: [u8; 4] = 0xfd2f_b528_u32.to_le_bytes();

/// The compression of a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// Not compressed.
    None,
    /// One LZ4 frame.
    Lz4,
    /// One zstd frame.
    Zstd,
}

/// Errors of [`decode`] and [`encode`].
#[derive(Debug, Error)]
pub enum StorageError {
    /// The payload has neither the LZ4 nor the zstd magic number.
    #[error("unknown compression; LZ4 and zstd frames are supported")]
    UnknownCompression,
    /// The frame is corrupted or truncated.
    #[error("invalid {compression:?} frame: {error}")]
    InvalidFrame {
        /// The kind of frame.
        compression: Compression,
        /// The error of the decoder.
        error: io::Error,
    },
    /// The frame does not have the length that the item header gives.
    #[error("uncompressed length is {actual} bytes, but the item header gives {expected}")]
    LengthMismatch {
        /// The length in the item header.
        expected: u32,
        /// The length of the data, at most one more than `expected`.
        actual: usize,
    },
    /// The data is longer than 1 GiB.
    #[error("uncompressed length is more than 1 GiB")]
    TooLong,
}

/// An encoded payload, and the header fields that describe it.
#[derive(Debug, PartialEq, Eq)]
pub struct Encoded {
    /// The item's `extra`: the uncompressed length.
    pub extra: u32,
    /// The item's flag bit 0.
    pub is_compressed: bool,
    /// The item's payload.
    pub payload: Vec<u8>,
}

/// Decodes a payload. Also returns its compression.
///
/// # Errors
///
/// The compression is unknown, the frame is corrupted, or its length is not `extra`.
pub fn decode(
    extra: u32,
    is_compressed: bool,
    payload: &[u8],
) -> Result<(Vec<u8>, Compression), StorageError> {
    if !is_compressed {
        return Ok((payload.to_vec(), Compression::None));
    }
    if extra > MAX_LEN {
        return Err(StorageError::TooLong);
    }
    let compression = match payload.first_chunk::<4>() {
        Some(&LZ4_MAGIC) => Compression::Lz4,
        Some(&ZSTD_MAGIC) => Compression::Zstd,
        _ => return Err(StorageError::UnknownCompression),
    };
    // No allocation of `extra` bytes, because `extra` may be wrong.
    let mut data = Vec::new();
    // One byte more than expected, to detect longer frames.
    let limit = u64::from(extra) + 1;
    let result = match compression {
        Compression::Zstd => StreamingDecoder::new(payload)
            .map_err(io::Error::other)
            .and_then(|decoder| decoder.take(limit).read_to_end(&mut data)),
        _ => FrameDecoder::new(payload)
            .take(limit)
            .read_to_end(&mut data),
    };
    result.map_err(|error| StorageError::InvalidFrame { compression, error })?;
    if data.len() != extra as usize {
        return Err(StorageError::LengthMismatch {
            expected: extra,
            actual: data.len(),
        });
    }
    Ok((data, compression))
}

/// Encodes `data`.
///
/// # Errors
///
/// `data` is longer than 1 GiB, or the LZ4 encoder failed.
pub fn encode(data: &[u8], compression: Compression) -> Result<Encoded, StorageError> {
    let extra = u32::try_from(data.len())
        .ok()
        .filter(|&length| length <= MAX_LEN);
    let extra = extra.ok_or(StorageError::TooLong)?;
    let payload = match compression {
        Compression::None => data.to_vec(),
        Compression::Lz4 => {
            lz4_frame(data).map_err(|error| StorageError::InvalidFrame { compression, error })?
        }
        Compression::Zstd => compress_to_vec(data, CompressionLevel::Fastest),
    };
    Ok(Encoded {
        extra,
        is_compressed: compression != Compression::None,
        payload,
    })
}

/// Makes an LZ4 frame with the parameters of Zircon's `zbi` tool. Userboot of 2018 and July 2019 accepts
/// no others (read: `system/ulib/bootdata/decompress.c`).
fn lz4_frame(data: &[u8]) -> io::Result<Vec<u8>> {
    let info = FrameInfo::new()
        .block_size(BlockSize::Max64KB)
        .block_mode(BlockMode::Independent)
        .content_size(Some(data.len() as u64));
    let mut encoder = FrameEncoder::with_frame_info(info, Vec::new());
    encoder.write_all(data)?;
    encoder.finish().map_err(io::Error::other)
}

#[cfg(test)]
mod tests;
