//! Parsing and packing of Zircon boot images (ZBI).
//!
//! Each input is used twice:
//!
//! - As an image. The parser accepts or refuses it. An accepted image must be parsed as its bytes
//!   say, and packing and parsing it again must give the same items.
//! - As the description of a valid image, which the parser must accept. It has correct CRCs, which
//!   random bytes almost never have. The target then changes some bytes, and uses the image in the
//!   first way.

#![no_main]

use arbitrary::{Arbitrary, Unstructured};
use libfuzzer_sys::fuzz_target;

// femu-runner has no library, so its module is included by path.
#[allow(dead_code)]
#[rustfmt::skip] // rustfmt would search for the module's tests in this directory
#[path = "../../femu-runner/src/zbi.rs"]
mod zbi;

fuzz_target!(|input: &[u8]| {
    check_image(input);
    if let Ok(described) = Described::arbitrary_take_rest(Unstructured::new(input)) {
        described.check();
    }
});

const HEADER_LEN: usize = 32;
const CONTAINER: u32 = 0x544f_4f42;
const CONTAINER_MAGIC: u32 = 0x868c_f7e6;
const ITEM_MAGIC: u32 = 0xb578_1729;
const FLAG_VERSION: u32 = 0x0001_0000;
const FLAG_CRC: u32 = 0x0002_0000;
const NO_CRC: u32 = 0x4a87_e8d6;

/// If the image is accepted, compares the items with its bytes. Then packs and parses them again.
fn check_image(image: &[u8]) {
    let Ok(items) = zbi::parse(image) else {
        return;
    };
    let mut at = HEADER_LEN;
    for item in &items {
        let header = u32_reader(image, at);
        assert_eq!(item.kind, header(0));
        assert_eq!(item.payload.len(), header(4) as usize);
        assert_eq!((item.extra, item.flags), (header(8), header(12)));
        let begin = at + HEADER_LEN;
        let end = begin + item.payload.len();
        assert_eq!(*item.payload, image[begin..end]);
        let crc = if item.flags & FLAG_CRC == 0 {
            NO_CRC
        } else {
            crc32fast::hash(&[&image[at..at + 28], &[0; 4], &image[begin..end]].concat())
        };
        assert_eq!(crc, header(28));
        at = end.next_multiple_of(8);
    }
    assert!(image.iter().skip(at).all(|byte| *byte == 0));
    let packed = zbi::pack(&items).unwrap();
    assert_eq!(packed.len() % 8, 0);
    assert_eq!(zbi::parse(&packed).unwrap(), items);
}

/// Returns a function that reads the `u32` at an offset from `base`.
fn u32_reader(image: &[u8], base: usize) -> impl Fn(usize) -> u32 {
    move |at| u32::from_le_bytes(*image[base + at..].first_chunk().unwrap())
}

/// A valid image. It is built from the documentation of the format, without the code under test.
#[derive(Arbitrary, Debug)]
struct Described<'a> {
    items: Vec<Item<'a>>,
    /// The number of zeroes after the image.
    trailing_zeroes: u8,
    /// Whether the padding of the last item is missing.
    is_unpadded: bool,
    /// Offsets and values of the bytes that are changed before the second check.
    damage: Vec<(u16, u8)>,
}

#[derive(Arbitrary, Debug)]
struct Item<'a> {
    kind: u32,
    extra: u32,
    flags: u32,
    reserved: [u32; 2],
    payload: &'a [u8],
}

impl Described<'_> {
    fn check(&self) {
        let mut image = self.image();
        let items = zbi::parse(&image).unwrap();
        assert_eq!(items.len(), self.items.len());
        for (parsed, item) in items.iter().zip(&self.items) {
            assert_eq!((parsed.kind, parsed.extra), (item.kind, item.extra));
            assert_eq!(parsed.flags, item.flags());
            assert_eq!(&*parsed.payload, item.payload);
        }
        if !self.is_unpadded {
            let len = image.len() - usize::from(self.trailing_zeroes);
            assert_eq!(zbi::pack(&items).unwrap(), image[..len]);
        }
        drop(items);

        for (at, byte) in &self.damage {
            let at = usize::from(*at) % image.len();
            image[at] = *byte;
        }
        check_image(&image);
    }

    fn image(&self) -> Vec<u8> {
        let mut body = Vec::new();
        for item in &self.items {
            body.resize(body.len().next_multiple_of(8), 0);
            body.extend(item.header(item.crc()));
            body.extend(item.payload);
        }
        if !self.is_unpadded {
            body.resize(body.len().next_multiple_of(8), 0);
        }
        let length = u32::try_from(body.len()).unwrap();
        let container = [
            CONTAINER,
            length,
            CONTAINER_MAGIC,
            FLAG_VERSION,
            0,
            0,
            ITEM_MAGIC,
            NO_CRC,
        ];
        let mut image = container.map(u32::to_le_bytes).concat();
        image.extend(body);
        image.resize(image.len() + usize::from(self.trailing_zeroes), 0);
        image
    }
}

impl Item<'_> {
    fn flags(&self) -> u32 {
        self.flags | FLAG_VERSION
    }

    fn header(&self, crc: u32) -> Vec<u8> {
        let length = u32::try_from(self.payload.len()).unwrap();
        let [reserved0, reserved1] = self.reserved;
        let fields = [
            self.kind,
            length,
            self.extra,
            self.flags(),
            reserved0,
            reserved1,
            ITEM_MAGIC,
            crc,
        ];
        fields.map(u32::to_le_bytes).concat()
    }

    fn crc(&self) -> u32 {
        if self.flags & FLAG_CRC == 0 {
            return NO_CRC;
        }
        crc32fast::hash(&[&self.header(0), self.payload].concat())
    }
}
