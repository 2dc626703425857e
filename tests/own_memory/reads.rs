use super::{LEN, Memory, own_process};
use std::io::{Read, Seek, SeekFrom};
use std::mem::MaybeUninit;
use zx_process_memory::{MemoryCursor, Rights, Status, TransferError};

pub(crate) fn own_memory_is_read() {
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

pub(crate) fn read_requires_read_and_write_rights() {
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

pub(crate) fn integers_are_read_in_both_byte_orders() {
    static MEMORY: Memory = Memory::new();
    let (process, vaddr) = (own_process(), MEMORY.vaddr());
    macro_rules! read {
        ($($integer:ident)*) => {$(
            for value in [$integer::MIN, $integer::MAX, 1, 0x5a] {
                MEMORY.set(1, &value.to_le_bytes());
                assert_eq!(process.read_le(vaddr + 1), Ok(value));
                MEMORY.set(1, &value.to_be_bytes());
                assert_eq!(process.read_be(vaddr + 1), Ok(value));
            }
        )*};
    }
    read!(u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize);
}

pub(crate) fn cursor_reads_and_seeks() {
    static MEMORY: Memory = Memory::new();
    MEMORY.set(2, b"one, two");
    let mut cursor = MemoryCursor::new(own_process(), MEMORY.vaddr() + 2);
    let mut text = [0; 4];
    cursor.read_exact(&mut text).unwrap();
    assert_eq!(&text, b"one,");
    cursor.seek(SeekFrom::Current(1)).unwrap();
    cursor.read_exact(&mut text).unwrap();
    assert_eq!(&text, b"two\x5a");

    cursor.seek(SeekFrom::Start(0x10)).unwrap();
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
}
