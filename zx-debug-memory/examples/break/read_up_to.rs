use std::ops::Range;
use zx_debug_memory::ReadMemory;

/// Returns the bytes of the range, up to the first that cannot be read. It allocates in pieces: the length can
/// come from memory that cannot be trusted.
pub(crate) fn read_up_to(range: Range<usize>, memory: &impl ReadMemory) -> Vec<u8> {
    const PIECE: usize = 64 << 10;
    let mut bytes = Vec::new();
    while bytes.len() < range.len() {
        let done = bytes.len();
        bytes.resize(range.len().min(done + PIECE), 0);
        // A read ends where a mapping ends.
        let count = memory.read_memory(range.start + done, &mut bytes[done..]);
        let count = count.unwrap_or(0);
        bytes.truncate(done + count);
        if count == 0 {
            break;
        }
    }
    bytes
}
