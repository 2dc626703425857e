//! The Zircon Boot Image: any bytes are read or refused, and what was read is packed again.
//!
//! The input is taken twice: as an image, and as the description of one, since chance alone
//! finds no CRC.

#![no_main]

use arbitrary::{Arbitrary, Unstructured};
use libfuzzer_sys::fuzz_target;

// The runner is a program, so there is no library to call.
#[allow(dead_code)]
#[rustfmt::skip] // It would look for the module's tests here.
#[path = "../../femu-runner/src/zbi.rs"]
mod zbi;

fuzz_target!(|input: &[u8]| {
    any_bytes(input);
    if let Ok(described) = Described::arbitrary_take_rest(Unstructured::new(input)) {
        described.check();
    }
});

const FLAG_VERSION: u32 = 0x0001_0000;
const FLAG_CRC: u32 = 0x0002_0000;
const NO_CRC: u32 = 0x4a87_e8d6;

/// What is read is what stands there. It can be packed, and is then the same.
fn any_bytes(image: &[u8]) {
    let Ok(items) = zbi::parse(image) else {
        return;
    };
    let mut at = 32;
    for item in &items {
        let header = word_at(image, at);
        assert_eq!(item.kind, header(0));
        assert_eq!(item.payload.len(), header(4) as usize);
        assert_eq!((item.extra, item.flags), (header(8), header(12)));
        let begin = at + 32;
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

fn word_at(image: &[u8], base: usize) -> impl Fn(usize) -> u32 {
    move |at| u32::from_le_bytes(*image[base + at..].first_chunk().unwrap())
}

/// An image as the format's own description has it, written without the code under test.
#[derive(Arbitrary, Debug)]
struct Described<'a> {
    items: Vec<Item<'a>>,
    /// Zeroes behind the image.
    behind: u8,
    /// Where the last item lacks its padding.
    is_unpadded: bool,
    /// What is changed afterwards.
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
        for (read, item) in items.iter().zip(&self.items) {
            assert_eq!((read.kind, read.extra), (item.kind, item.extra));
            assert_eq!(read.flags, item.flags());
            assert_eq!(&*read.payload, item.payload);
        }
        if !self.is_unpadded {
            let without_zeroes = image.len() - usize::from(self.behind);
            assert_eq!(zbi::pack(&items).unwrap(), image[..without_zeroes]);
        }
        drop(items);

        for (at, byte) in &self.damage {
            let at = usize::from(*at) % image.len();
            image[at] = *byte;
        }
        any_bytes(&image);
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
            0x544f_4f42,
            length,
            0x868c_f7e6,
            FLAG_VERSION,
            0,
            0,
            0xb578_1729,
            NO_CRC,
        ];
        let mut image = container.map(u32::to_le_bytes).concat();
        image.extend(body);
        image.resize(image.len() + usize::from(self.behind), 0);
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
            0xb578_1729,
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
