use super::{Memory, own_process};
use std::io::{Read, Seek, SeekFrom, Write};
use zx_process_memory::MemoryCursor;

pub(crate) fn integers_round_trip_in_both_byte_orders() {
    static MEMORY: Memory = Memory::new();
    let (process, vaddr) = (own_process(), MEMORY.vaddr());
    macro_rules! round_trip {
        ($($integer:ident)*) => {$(
            for value in [$integer::MIN, $integer::MAX, 1, 0x5a] {
                process.write_le(vaddr + 1, value).unwrap();
                assert_eq!(MEMORY.bytes()[1..][..size_of_val(&value)], value.to_le_bytes());
                assert_eq!(process.read_le(vaddr + 1), Ok(value));
                process.write_be(vaddr + 1, value).unwrap();
                assert_eq!(MEMORY.bytes()[1..][..size_of_val(&value)], value.to_be_bytes());
                assert_eq!(process.read_be(vaddr + 1), Ok(value));
            }
        )*};
    }
    round_trip!(u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize);
    let bytes = MEMORY.bytes();
    assert_eq!((bytes[0], bytes[17]), (0x5a, 0x5a));
}

pub(crate) fn cursor_writes() {
    static MEMORY: Memory = Memory::new();
    let mut cursor = MemoryCursor::new(own_process(), MEMORY.vaddr() + 2);
    write!(cursor, "one, {}", "two".to_owned()).unwrap();
    assert_eq!(&MEMORY.bytes()[..11], b"\x5a\x5aone, two\x5a");
    // The cursor is after the last byte that was written.
    cursor.seek(SeekFrom::Current(-3)).unwrap();
    let mut text = [0; 4];
    cursor.read_exact(&mut text).unwrap();
    assert_eq!(&text, b"two\x5a");
}
