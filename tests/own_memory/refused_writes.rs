//! Every write is refused while debugging syscalls are off.

use super::{LEN, Memory, own_process};
use std::io::{Read, Write};
use zx_process_memory::{MemoryCursor, Status};

pub(crate) fn write_is_not_supported_and_changes_nothing() {
    static MEMORY: Memory = Memory::new();
    let (process, vaddr) = (own_process(), MEMORY.vaddr());
    let refused = Err(Status::NotSupported);
    assert_eq!(process.write_memory(vaddr, &[1; 4]), refused);
    // The kernel checks the setting before the address (measured: April 2021).
    assert_eq!(process.write_memory(0, &[1; 4]), refused);
    for error in [
        process.write_all_memory(vaddr, &[1; 4]).unwrap_err(),
        process.write_le(vaddr, 1_u32).unwrap_err(),
        process.write_be(vaddr, 1_u32).unwrap_err(),
    ] {
        assert_eq!(
            (error.transferred, error.vaddr, error.status),
            (0, vaddr, Status::NotSupported)
        );
    }
    assert_eq!(MEMORY.bytes(), [0x5a; LEN]);
}

pub(crate) fn cursor_write_is_not_supported_and_changes_nothing() {
    static MEMORY: Memory = Memory::new();
    MEMORY.set(0, &[7]);
    let mut cursor = MemoryCursor::new(own_process(), MEMORY.vaddr());
    let error = cursor.write(&[1; 4]).unwrap_err();
    let status: &Status = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref())
        .unwrap();
    assert_eq!(*status, Status::NotSupported);
    // The cursor has not moved.
    let mut bytes = [0; 2];
    cursor.read_exact(&mut bytes).unwrap();
    assert_eq!(bytes, [7, 0x5a]);
    assert_eq!(MEMORY.bytes()[1..], [0x5a; LEN - 1]);
}
