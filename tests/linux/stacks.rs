//! Linux grows a stack when an address below it is accessed, also by another process.

use super::debuggee::{Debuggee, Page, page_size};
use zx_process_memory::{Process, Status};

/// Asserts that calls at this address fail, and that no mapping changes.
fn assert_not_mapped(debuggee: &Debuggee, process: &Process, vaddr: usize) {
    let maps = || std::fs::read_to_string(format!("/proc/{}/maps", debuggee.pid())).unwrap();
    let before = maps();
    for len in [1, 8, page_size(), page_size() + 1] {
        let written = process.write_memory(vaddr, &vec![0; len]);
        assert_eq!(written, Err(Status::NoMemory), "{len} bytes");
        let read = process.read_memory(vaddr, &mut vec![0; len]);
        assert_eq!(read, Err(Status::NoMemory), "{len} bytes");
    }
    assert_eq!(maps(), before);
}

pub(crate) fn call_below_the_stack_is_no_memory_and_does_not_grow_it() {
    let debuggee = Debuggee::start();
    let process = debuggee.process();
    let stack = debuggee.mapping("[stack]");
    for distance in [1, page_size(), 0x10_0000, 0x70_0000] {
        let vaddr = (stack.start - distance) & !7;
        assert_not_mapped(&debuggee, &process, vaddr);
    }
    let mut byte = [0];
    assert_eq!(process.read_memory(stack.end - 1, &mut byte), Ok(1));
    assert_eq!(process.write_memory(stack.end - 1, &byte), Ok(1));
}

pub(crate) fn call_below_memory_that_grows_down_does_not_grow_it() {
    let mut debuggee = Debuggee::start();
    // Linux does not grow a mapping into the 256 pages above another one.
    let mut pages = [Page::Hole; 400];
    pages[399] = Page::GrowsDown;
    let base = debuggee.lay_out(&pages);
    let process = debuggee.process();
    let page = base + 399 * page_size();
    assert_not_mapped(&debuggee, &process, page - 8);
    assert_eq!(process.write_memory(page, &[1, 2]), Ok(2));
    assert_eq!(process.write_memory(page, &[3]), Ok(1));
    assert_not_mapped(&debuggee, &process, page - page_size());
    assert_eq!(debuggee.sees(page..page + 3), [3, 2, 0]);
}
