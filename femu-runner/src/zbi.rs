//! The Zircon Boot Image: a header, and items one behind the other.
//!
//! The format is that of `zircon/boot/image.h` in Fuchsia's SDK. All numbers are little
//! endian. What this module does not know it keeps byte for byte.

use std::borrow::Cow;
use thiserror::Error;

/// The longest image: its length is a `u32`.
const MAX_LEN: usize = u32::MAX as usize;
const HEADER_LEN: usize = 32;
/// Every item begins at a multiple of this.
const ALIGN: usize = 8;
/// `ZBI_TYPE_CONTAINER`, "BOOT".
const CONTAINER: u32 = 0x544f_4f42;
const CONTAINER_MAGIC: u32 = 0x868c_f7e6;
const ITEM_MAGIC: u32 = 0xb578_1729;
/// `ZBI_FLAG_VERSION`, always set.
const FLAG_VERSION: u32 = 0x0001_0000;
/// `ZBI_FLAG_CRC32`
const FLAG_CRC: u32 = 0x0002_0000;
/// Stands in the CRC's place where there is none.
const NO_CRC: u32 = 0x4a87_e8d6;

/// `ZBI_TYPE_STORAGE_BOOTFS`, "BFSB".
pub const BOOTFS: u32 = 0x4253_4642;

/// What is wrong with an image.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum ZbiError {
    /// Too short for the header, or another kind of file.
    #[error("it is no Zircon boot image: it does not begin with a ZBI header")]
    NotZbi,
    /// The header promises more than there is.
    #[error("it is cut off: {want} bytes are promised at offset {at}, {have} are there")]
    Truncated {
        /// Where the payload begins.
        at: usize,
        /// Its length by the header.
        want: usize,
        /// Its length in the file.
        have: usize,
    },
    /// Something other than padding follows the image.
    #[error("{0} bytes follow the end that its header gives")]
    Trailing(usize),
    /// An item's header has a wrong magic or lacks the version flag.
    #[error("there is no item header at offset {0}")]
    BadItem(usize),
    /// The item was damaged.
    #[error(
        "the item at offset {at} is damaged: its CRC is {want:#010x}, its bytes give {have:#010x}"
    )]
    BadCrc {
        /// Where the item begins.
        at: usize,
        /// What the header says.
        want: u32,
        /// What the bytes give.
        have: u32,
    },
    /// The lengths do not fit in the format.
    #[error("the image would be longer than 4 GiB")]
    TooLong,
}

/// One item. The payload is borrowed from the image until it is replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item<'a> {
    /// `ZBI_TYPE_*`
    pub kind: u32,
    /// What it means depends on the type.
    pub extra: u32,
    /// `ZBI_FLAG_*`
    pub flags: u32,
    reserved: [u32; 2],
    /// The item's bytes, without padding.
    pub payload: Cow<'a, [u8]>,
}

#[cfg(test)]
impl<'a> Item<'a> {
    /// An item with a CRC. The version flag is added.
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
    /// The CRC that the header wants: over the header with a CRC of 0, and the payload.
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
        // `pack` has checked that the length fits, and `parse` read it from a u32.
        let length = u32::try_from(self.payload.len()).unwrap_or(u32::MAX);
        let [reserved0, reserved1] = self.reserved;
        words([
            self.kind, length, self.extra, self.flags, reserved0, reserved1, ITEM_MAGIC, crc,
        ])
    }
}

/// The items of an image, in their order.
///
/// # Errors
///
/// `ZbiError` says where the image is not what its headers say.
pub fn parse(image: &[u8]) -> Result<Vec<Item<'_>>, ZbiError> {
    let header = read_header(image, 0).ok_or(ZbiError::NotZbi)?;
    let [kind, length, extra, flags, _, _, magic, _] = header;
    if kind != CONTAINER
        || extra != CONTAINER_MAGIC
        || magic != ITEM_MAGIC
        || flags & FLAG_VERSION == 0
    {
        return Err(ZbiError::NotZbi);
    }
    let (body, behind) = split(&image[HEADER_LEN..], length as usize, HEADER_LEN)?;
    // A file may be padded, to a block of a disk for instance.
    if behind.iter().any(|&byte| byte != 0) {
        return Err(ZbiError::Trailing(behind.len()));
    }
    let mut items = Vec::new();
    let mut rest = body;
    while !rest.is_empty() {
        let at = HEADER_LEN + body.len() - rest.len();
        let header = read_header(rest, 0).ok_or(ZbiError::BadItem(at))?;
        let [kind, length, extra, flags, reserved0, reserved1, magic, crc] = header;
        if magic != ITEM_MAGIC || flags & FLAG_VERSION == 0 {
            return Err(ZbiError::BadItem(at));
        }
        let (payload, behind) = split(&rest[HEADER_LEN..], length as usize, at + HEADER_LEN)?;
        let item = Item {
            kind,
            extra,
            flags,
            reserved: [reserved0, reserved1],
            payload: Cow::Borrowed(payload),
        };
        // Without the flag a fixed number must stand there.
        if item.crc() != crc {
            return Err(ZbiError::BadCrc {
                at,
                want: crc,
                have: item.crc(),
            });
        }
        items.push(item);
        // The last item of an old image may lack its padding.
        rest = &behind[padding(payload.len()).min(behind.len())..];
    }
    Ok(items)
}

/// The image that holds `items`. CRCs are computed anew where the flag asks for one.
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
    image.extend(words([
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

fn padding(length: usize) -> usize {
    length.wrapping_neg() % ALIGN
}

fn split(bytes: &[u8], length: usize, at: usize) -> Result<(&[u8], &[u8]), ZbiError> {
    bytes.split_at_checked(length).ok_or(ZbiError::Truncated {
        at,
        want: length,
        have: bytes.len(),
    })
}

fn read_header(bytes: &[u8], at: usize) -> Option<[u32; 8]> {
    let header = bytes.get(at..at.checked_add(HEADER_LEN)?)?;
    let mut fields = [0; 8];
    for (field, word) in fields.iter_mut().zip(header.chunks_exact(4)) {
        *field = u32::from_le_bytes(word.try_into().ok()?);
    }
    Some(fields)
}

fn words(fields: [u32; 8]) -> [u8; HEADER_LEN] {
    let mut bytes = [0; HEADER_LEN];
    for (word, field) in bytes.chunks_exact_mut(4).zip(fields) {
        word.copy_from_slice(&field.to_le_bytes());
    }
    bytes
}

#[cfg(test)]
mod tests;
