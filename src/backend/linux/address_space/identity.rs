//! Whether two address spaces are one.

use super::{ATTEMPTS, AddressSpace, is_file_offset};
use rustix::io::{Errno, pread};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::vec::Vec;

/// `AT_RANDOM` of `<linux/auxvec.h>`.
const AT_RANDOM: usize = 25;

/// The random bytes that Linux gives each program at its exec.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) vaddr: usize,
    pub(crate) bytes: [u8; 16],
}

impl Mark {
    pub(super) fn is_in(&self, memory: &File) -> bool {
        let mut bytes = [0; 16];
        pread(memory, &mut bytes, self.vaddr as u64) == Ok(bytes.len()) && bytes == self.bytes
    }
}

impl AddressSpace {
    /// Returns whether this is the memory of the calling process. The PID does not show it: a child
    /// made by `vfork` has its parent's memory until its exec.
    ///
    /// An error means that this cannot be determined.
    pub(crate) fn is_ours(&self) -> Result<bool, Errno> {
        let mut marker = 0u64;
        let vaddr = (&raw const marker).addr();
        match self.maps.find(vaddr) {
            Ok(Some(_)) => {}
            Ok(None) | Err(Errno::SRCH) => return Ok(false),
            Err(errno) => return Err(errno),
        }
        let (mut turn, mut refused) = (0_u64, 0);
        while turn < 2 {
            let mut seen = [0; 8];
            let value = (turn + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            // SAFETY: `marker` is a local variable. The access is volatile because the kernel
            // reads it through another mapping, which the compiler does not see.
            unsafe { (&raw mut marker).write_volatile(value) };
            let count = match pread(&self.memory, &mut seen, vaddr as u64) {
                Ok(count) => count,
                // The address has been unmapped since, or Linux refuses the access.
                Err(Errno::IO) if refused < ATTEMPTS => {
                    refused += 1;
                    if matches!(self.maps.find(vaddr), Ok(None) | Err(Errno::SRCH)) {
                        return Ok(false);
                    }
                    continue;
                }
                Err(errno) => return Err(errno),
            };
            // SAFETY: `marker` is a local variable, and the access is volatile as the write is.
            let now = unsafe { (&raw const marker).read_volatile() };
            if count != size_of_val(&seen) || u64::from_ne_bytes(seen) != now {
                return Ok(false);
            }
            turn += 1;
        }
        Ok(true)
    }

    /// Returns whether both are one address space. Both were opened from the same process, so they
    /// differ only if the process called exec in between.
    ///
    /// An exec gives a program a new auxiliary vector and a new mark.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        // During an exec Linux can fill in the vector between the two reads.
        (0..ATTEMPTS).any(|_| match (self.program(), other.program()) {
            (Ok(this), Ok(other)) => this == other,
            _ => false,
        })
    }

    /// Returns the mark that the memory had at the first call, or `None` if the program has none, as
    /// during its exec.
    pub(crate) fn mark(&self) -> Option<Mark> {
        if let Some(mark) = self.mark.get() {
            return Some(*mark);
        }
        let mark = self.program().ok()?.1?;
        Some(*self.mark.get_or_init(|| mark))
    }

    /// Returns the auxiliary vector and the mark.
    pub(super) fn program(&self) -> io::Result<(Vec<u8>, Option<Mark>)> {
        let mut auxv = std::vec![0; 2048];
        let len = self.auxv.read_at(&mut auxv, 0)?;
        auxv.truncate(len);
        let vaddr = auxv_value(&auxv, AT_RANDOM).filter(|vaddr| is_file_offset(*vaddr));
        let mark = vaddr.and_then(|vaddr| {
            self.maps.find(vaddr).ok()??;
            let mut bytes = [0; 16];
            let count = pread(&self.memory, &mut bytes, vaddr as u64).ok()?;
            (count == size_of_val(&bytes)).then_some(Mark { vaddr, bytes })
        });
        Ok((auxv, mark))
    }
}

/// The value of an entry of an auxiliary vector, which consists of pairs of words: of 64 bits, or of 32 in a
/// program of 32 bits.
fn auxv_value(auxv: &[u8], key: usize) -> Option<usize> {
    let word = |bytes: &[u8]| match bytes.len() {
        4 => usize::try_from(u32::from_ne_bytes(bytes.try_into().ok()?)).ok(),
        _ => bytes.try_into().map(usize::from_ne_bytes).ok(),
    };
    [8, 4].into_iter().find_map(|len| {
        let mut pairs = auxv.chunks_exact(2 * len);
        let pair = pairs.find(|pair| word(&pair[..len]) == Some(key))?;
        word(&pair[len..])
    })
}

#[cfg(test)]
mod tests {
    use super::{AT_RANDOM, auxv_value};
    use std::vec::Vec;

    #[test]
    fn auxiliary_vector_has_words_of_64_or_32_bits() {
        let entries = [(16_u32, 0x1234_u32), (25, 0xffe3_1230), (0, 0)];
        let words: Vec<_> = entries
            .iter()
            .flat_map(|(key, value)| [*key, *value])
            .collect();
        let of_32: Vec<_> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
        let of_64: Vec<_> = words
            .iter()
            .flat_map(|word| u64::from(*word).to_ne_bytes())
            .collect();
        for auxv in [of_32, of_64] {
            assert_eq!(auxv_value(&auxv, AT_RANDOM), Some(0xffe3_1230));
            assert_eq!(auxv_value(&auxv, 26), None);
        }
    }
}
