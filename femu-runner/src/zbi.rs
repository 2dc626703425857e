//! Reads and writes Zircon boot images (ZBI): a container header, followed by items.
//!
//! `zircon/boot/image.h` in Fuchsia's SDK defines the format. All integers are little-endian.
//! Items of unknown types are kept unchanged.

use std::borrow::Cow;
use thiserror::Error;

/// Maximum length of all items: the container header has a `u32` for it.
const MAX_LEN: usize = u32::MAX as usize;
const HEADER_LEN: usize = 32;
/// Alignment of items.
const ALIGN: usize = 8;
/// `ZBI_TYPE_CONTAINER`, "BOOT".
const CONTAINER: u32 = 0x544f_4f42;
/// `ZBI_CONTAINER_MAGIC`, in `extra` of the container header.
const CONTAINER_MAGIC: u32 = 0x868c_f7e6;
/// `ZBI_ITEM_MAGIC`, in `magic` of all headers.
const ITEM_MAGIC: u32 = 0xb578_1729;
/// `ZBI_FLAG_VERSION`, which is set in all headers.
const FLAG_VERSION: u32 = 0x0001_0000;
/// `ZBI_FLAG_CRC32`
const FLAG_CRC: u32 = 0x0002_0000;
/// `ZBI_ITEM_NO_CRC32`, in `crc32` of headers without a CRC.
const NO_CRC: u32 = 0x4a87_e8d6;

/// `ZBI_TYPE_STORAGE_BOOTFS`, "BFSB".
pub const BOOTFS: u32 = 0x4253_4642;

/// Errors of [`parse`] and [`pack`].
#[derive(Debug, Error, PartialEq, Eq)]
pub enum ZbiError {
    /// The file does not start with a container header.
    #[error("not a Zircon boot image: no ZBI container header")]
    NotZbi,
    /// The length in a header exceeds the file or the container.
    #[error("truncated image: {expected} bytes expected at offset {offset}, {actual} found")]
    Truncated {
        /// The offset of the payload.
        offset: usize,
        /// The length of the payload in the header.
        expected: usize,
        /// The number of bytes up to the end.
        actual: usize,
    },
    /// Bytes other than zeros follow the container.
    #[error("{0} unexpected bytes after the container")]
    TrailingBytes(usize),
    /// The item header has a wrong magic number or lacks the version flag.
    #[error("invalid item header at offset {0}")]
    InvalidItem(usize),
    /// The CRC of the item is wrong.
    #[error(
        "corrupted item at offset {offset}: its CRC is {actual:#010x}, its header gives {expected:#010x}"
    )]
    CrcMismatch {
        /// The offset of the item.
        offset: usize,
        /// The CRC in the item header.
        expected: u32,
        /// The computed CRC.
        actual: u32,
    },
    /// The length of the image does not fit in a `u32`.
    #[error("the image is longer than 4 GiB")]
    TooLong,
}

/// An item. It borrows its payload from the parsed image; the payload can be replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item<'a> {
    /// `ZBI_TYPE_*`
    pub kind: u32,
    /// The meaning depends on the type.
    pub extra: u32,
    /// `ZBI_FLAG_*`
    pub flags: u32,
    reserved: [u32; 2],
    /// The payload, without padding.
    pub payload: Cow<'a, [u8]>,
}

#[cfg(test)]
impl<'a> Item<'a> {
    /// Makes an item. Adds the version flag and the CRC flag to `flags`.
    pub fn new(kind: u32, extra: u32, flags: u32, payload: impl Into<Cow<'a, [u8]>>) -> Self {
        Self {
            kind,
            extra,
            flags: flags | FLAG_VERSION | FLAG_CRC,
            reserved: [0; 2],
            payload: payload.into(),
        }
    }
}

impl Item<'_> {
    /// The CRC for the header. It covers the header, with a CRC field of 0, and the payload.
    fn crc(&self) -> u32 {
        if self.flags & FLAG_CRC == 0 {
            return NO_CRC;
        }
        let mut crc = crc32fast::Hasher::new();
        crc.update(&self.header(0));
        crc.update(&self.payload);
        crc.finalize()
    }

    fn header(&self, crc: u32) -> [u8; HEADER_LEN] {
        // Never saturates: `pack` checks the length, and `parse` reads it from a u32.
        let length = u32::try_from(self.payload.len()).unwrap_or(u32::MAX);
        let [reserved0, reserved1] = self.reserved;
        header_bytes([
            self.kind, length, self.extra, self.flags, reserved0, reserved1, ITEM_MAGIC, crc,
        ])
    }
}

/// Returns the items of an image, in order.
///
/// # Errors
///
/// The image is not a ZBI, or is truncated or corrupted.
pub fn parse(image: &[u8]) -> Result<Vec<Item<'_>>, ZbiError> {
    let header = read_header(image).ok_or(ZbiError::NotZbi)?;
    let [kind, length, extra, flags, _, _, magic, _] = header;
    if kind != CONTAINER
        || extra != CONTAINER_MAGIC
        || magic != ITEM_MAGIC
        || flags & FLAG_VERSION == 0
    {
        return Err(ZbiError::NotZbi);
    }
    let (body, trailing) = split(&image[HEADER_LEN..], length as usize, HEADER_LEN)?;
    // Files can be padded with zeros, for example to the block size of a disk.
    if trailing.iter().any(|&byte| byte != 0) {
        return Err(ZbiError::TrailingBytes(trailing.len()));
    }
    let mut items = Vec::new();
    let mut rest = body;
    while !rest.is_empty() {
        let offset = HEADER_LEN + body.len() - rest.len();
        let header = read_header(rest).ok_or(ZbiError::InvalidItem(offset))?;
        let [kind, length, extra, flags, reserved0, reserved1, magic, crc] = header;
        if magic != ITEM_MAGIC || flags & FLAG_VERSION == 0 {
            return Err(ZbiError::InvalidItem(offset));
        }
        let (payload, after) = split(&rest[HEADER_LEN..], length as usize, offset + HEADER_LEN)?;
        let item = Item {
            kind,
            extra,
            flags,
            reserved: [reserved0, reserved1],
            payload: Cow::Borrowed(payload),
        };
        // `crc` returns `NO_CRC` for an item without the CRC flag.
        if item.crc() != crc {
            return Err(ZbiError::CrcMismatch {
                offset,
                expected: crc,
                actual: item.crc(),
            });
        }
        items.push(item);
        // In old images, the last item can lack its padding.
        rest = &after[padding(payload.len()).min(after.len())..];
    }
    Ok(items)
}

/// Makes an image of `items`. Computes the CRC of each item that has the CRC flag.
///
/// # Errors
///
/// `ZbiError::TooLong`
pub fn pack(items: &[Item<'_>]) -> Result<Vec<u8>, ZbiError> {
    let lengths = items.iter().map(|item| {
        let payload = item.payload.len();
        (HEADER_LEN + payload).checked_add(padding(payload))
    });
    let body = lengths
        .reduce(|sum, length| sum?.checked_add(length?))
        .unwrap_or(Some(0))
        .filter(|&length| length <= MAX_LEN)
        .ok_or(ZbiError::TooLong)?;
    let length = u32::try_from(body).map_err(|_| ZbiError::TooLong)?;
    let mut image = Vec::with_capacity(HEADER_LEN + body);
    image.extend(header_bytes([
        CONTAINER,
        length,
        CONTAINER_MAGIC,
        FLAG_VERSION,
        0,
        0,
        ITEM_MAGIC,
        NO_CRC,
    ]));
    for item in items {
        image.extend(item.header(item.crc()));
        image.extend(&*item.payload);
        image.resize(image.len() + padding(item.payload.len()), 0);
    }
    Ok(image)
}

/// The number of padding bytes after a payload of this length.
fn padding(length: usize) -> usize {
    length.wrapping_neg() % ALIGN
}

/// Splits `bytes`, which start at `offset` in the image, after `length` bytes.
fn split(bytes: &[u8], length: usize, offset: usize) -> Result<(&[u8], &[u8]), ZbiError> {
    bytes.split_at_checked(length).ok_or(ZbiError::Truncated {
        offset,
        expected: length,
        actual: bytes.len(),
    })
}

fn read_header(bytes: &[u8]) -> Option<[u32; 8]> {
    let header = bytes.get(..HEADER_LEN)?;
    let mut fields = [0; 8];
    for (field, bytes) in fields.iter_mut().zip(header.chunks_exact(4)) {
        *field = u32::from_le_bytes(bytes.try_into().ok()?);
    }
    Some(fields)
}

fn header_bytes(fields: [u32; 8]) -> [u8; HEADER_LEN] {
    let mut header = [0; HEADER_LEN];
    for (bytes, field) in header.chunks_exact_mut(4).zip(fields) {
        bytes.copy_from_slice(&field.to_le_bytes());
    }
    header
}

#[cfg(test)]
mod tests;
