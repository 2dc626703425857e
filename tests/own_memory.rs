//! Reads, integers and the cursor on the memory of this program, for every kernel. The memory
//! consists of atomics, to which every value is valid.
#![cfg(all(feature = "std", any(backend = "fuchsia", backend = "linux")))]

use std::error::Error;
use std::io::{Read, Seek, SeekFrom, Write};
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};
use zx_process_memory::{MemoryCursor, Process, Rights, Status, TransferError};

const LEN: usize = 64;

struct Memory([AtomicU8; LEN]);

impl Memory {
    const fn new() -> Self {
        Self([const { AtomicU8::new(0x5a) }; LEN])
    }

    fn vaddr(&self) -> usize {
        self.0.as_ptr().addr()
    }

    fn bytes(&self) -> [u8; LEN] {
        self.0.each_ref().map(|byte| byte.load(Relaxed))
    }

    fn set(&self, offset: usize, bytes: &[u8]) {
        for (to, byte) in self.0[offset..].iter().zip(bytes) {
            to.store(*byte, Relaxed);
        }
    }
}

fn own_process() -> Process {
    // SAFETY: the tests write only to `Memory`: atomics, to which every value is valid.
    unsafe { Process::current() }.unwrap()
}

#[test]
fn own_memory_is_read() {
    static MEMORY: Memory = Memory::new();
    MEMORY.set(3, b"some text");
    let mut buffer = [0; 20];
    assert_eq!(
        own_process().read_memory(MEMORY.vaddr(), &mut buffer),
        Ok(20)
    );
    assert_eq!(buffer, MEMORY.bytes()[..20]);
    let mut buffer = [0; LEN];
    assert_eq!(
        own_process().read_exact_memory(MEMORY.vaddr(), &mut buffer),
        Ok(())
    );
    assert_eq!(buffer, MEMORY.bytes());
    let mut buffer = [MaybeUninit::uninit(); LEN];
    let process = own_process();
    let (read, rest) = process
        .read_memory_uninit(MEMORY.vaddr(), &mut buffer)
        .unwrap();
    assert_eq!((&*read, rest.len()), (&MEMORY.bytes()[..], 0));
}

#[test]
fn read_requires_read_and_write_rights() {
    static MEMORY: Memory = Memory::new();
    for (rights, expected) in [
        (Rights::READ, Err(Status::AccessDenied)),
        (Rights::WRITE, Err(Status::AccessDenied)),
        (Rights::READ_MEMORY, Ok(1)),
    ] {
        let process = own_process().duplicate(rights).unwrap();
        let read = process.read_memory(MEMORY.vaddr(), &mut [0]);
        assert_eq!(read, expected, "{rights:?}");
    }
}

#[test]
fn integers_round_trip_in_both_byte_orders() {
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

#[test]
fn cursor_reads_writes_and_seeks() -> Result<(), Box<dyn Error>> {
    static MEMORY: Memory = Memory::new();
    let mut cursor = MemoryCursor::new(own_process(), MEMORY.vaddr() + 2);
    write!(cursor, "one, {}", "two".to_owned())?;
    assert_eq!(&MEMORY.bytes()[..11], b"\x5a\x5aone, two\x5a");
    cursor.seek(SeekFrom::Current(-3))?;
    let mut text = [0; 4];
    cursor.read_exact(&mut text)?;
    assert_eq!(&text, b"two\x5a");

    cursor.seek(SeekFrom::Start(0x10))?;
    let error = cursor.read_exact(&mut text).unwrap_err();
    let partial: &TransferError = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref())
        .unwrap();
    assert_eq!((partial.transferred, partial.vaddr), (0, 0x10));
    assert!(partial.status.may_mean_unmapped());
    let error = cursor.read(&mut text).unwrap_err();
    let status: &Status = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref())
        .unwrap();
    assert!(status.may_mean_unmapped());
    Ok(())
}
