//! The payload of a storage item: as it is, or in an LZ4 or zstd frame.
//!
//! `zircon/boot/image.h`: flag bit 0 says that it is compressed, `extra` gives the length
//! when it is not. Zircon wanted LZ4 until about 2020, zstd since.

use lz4_flex::frame::{BlockMode, BlockSize, FrameDecoder, FrameEncoder, FrameInfo};
use ruzstd::decoding::StreamingDecoder;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use std::io::{self, Read, Write};
use thiserror::Error;

/// `ZBI_FLAG_STORAGE_COMPRESSED`
pub const COMPRESSED: u32 = 1;
/// More than any boot image holds; a frame that promises more is not unpacked.
const LARGEST: u32 = 1 << 30;
const LZ4_MAGIC: [u8; 4] = 0x184d_2204_u32.to_le_bytes();
const ZSTD_MAGIC: [u8; 4] = 0xfd2f_b528_u32.to_le_bytes();

/// How a payload was, and is to be, compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// Not at all.
    Plain,
    /// One LZ4 frame.
    Lz4,
    /// One zstd frame.
    Zstd,
}

/// What is wrong with a storage item.
#[derive(Debug, Error)]
pub enum StorageError {
    /// Neither LZ4's nor zstd's magic.
    #[error("it is compressed in a way that is not known here; LZ4 and zstd frames are")]
    Unknown,
    /// The frame is damaged or cut off.
    #[error("its {packing:?} frame cannot be unpacked: {error}")]
    Frame {
        /// Which kind of frame.
        packing: Packing,
        /// The decoder's own words.
        error: io::Error,
    },
    /// The header lies about the length.
    #[error("its header promises {want} bytes, and it holds {have}")]
    Length {
        /// By the header; `have` stops one past it.
        want: u32,
        /// As unpacked.
        have: usize,
    },
    /// Too much to unpack, or to write.
    #[error("it has more than 1 GiB")]
    TooLong,
}

/// A storage item's payload.
#[derive(Debug, PartialEq, Eq)]
pub struct Packed {
    /// The item's `extra`.
    pub extra: u32,
    /// The item's flag bit 0.
    pub compressed: bool,
    /// The item's bytes.
    pub payload: Vec<u8>,
}

/// What the item holds, and how it was packed.
///
/// # Errors
///
/// The frame is of an unknown kind, damaged, or not as long as `extra` says.
pub fn unpack(
    extra: u32,
    compressed: bool,
    payload: &[u8],
) -> Result<(Vec<u8>, Packing), StorageError> {
    if !compressed {
        return Ok((payload.to_vec(), Packing::Plain));
    }
    if extra > LARGEST {
        return Err(StorageError::TooLong);
    }
    let packing = match payload.first_chunk::<4>() {
        Some(&LZ4_MAGIC) => Packing::Lz4,
        Some(&ZSTD_MAGIC) => Packing::Zstd,
        _ => return Err(StorageError::Unknown),
    };
    // The buffer grows with what is really there: `extra` alone allocates nothing.
    let mut data = Vec::new();
    let most = u64::from(extra) + 1;
    let read = match packing {
        Packing::Zstd => StreamingDecoder::new(payload)
            .map_err(io::Error::other)
            .and_then(|decoder| decoder.take(most).read_to_end(&mut data)),
        _ => FrameDecoder::new(payload).take(most).read_to_end(&mut data),
    };
    read.map_err(|error| StorageError::Frame { packing, error })?;
    if data.len() != extra as usize {
        return Err(StorageError::Length {
            want: extra,
            have: data.len(),
        });
    }
    Ok((data, packing))
}

/// Packs `data` in the given way.
///
/// # Errors
///
/// There is more than an item can hold.
pub fn pack(data: &[u8], packing: Packing) -> Result<Packed, StorageError> {
    let extra = u32::try_from(data.len())
        .ok()
        .filter(|&length| length <= LARGEST);
    let extra = extra.ok_or(StorageError::TooLong)?;
    let payload = match packing {
        Packing::Plain => data.to_vec(),
        Packing::Lz4 => lz4(data).map_err(|error| StorageError::Frame { packing, error })?,
        Packing::Zstd => compress_to_vec(data, CompressionLevel::Fastest),
    };
    Ok(Packed {
        extra,
        compressed: packing != Packing::Plain,
        payload,
    })
}

/// A frame such as Zircon's own `zbi` tool writes: old kernels know no other.
fn lz4(data: &[u8]) -> io::Result<Vec<u8>> {
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
