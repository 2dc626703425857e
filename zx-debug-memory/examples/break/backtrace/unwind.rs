//! Unwinding by framehop. It needs the unwind information of each module, which is in memory, and a
//! function that reads the stack.

use super::MAX_FRAMES;
use crate::read_up_to::read_up_to;
use crate::run_control::Registers;
use framehop::{ExplicitModuleSectionInfo, FrameAddress, Unwinder as _};
use gimli::{BaseAddresses, EhFrameHdr, LittleEndian, Pointer};
use std::ops::Range;
use zx_debug_memory::{Module, Modules, ReadMemory};

#[cfg(target_arch = "aarch64")]
use framehop::aarch64::{CacheAarch64 as Cache, UnwindRegsAarch64, UnwinderAarch64};
#[cfg(target_arch = "x86_64")]
use framehop::x86_64::{CacheX86_64 as Cache, UnwindRegsX86_64, UnwinderX86_64};

#[cfg(target_arch = "aarch64")]
type ArchUnwinder = UnwinderAarch64<Vec<u8>>;
#[cfg(target_arch = "x86_64")]
type ArchUnwinder = UnwinderX86_64<Vec<u8>>;

pub(crate) struct Unwinder {
    framehop: ArchUnwinder,
    cache: Cache,
    /// The modules without unwind information.
    without: Vec<Range<u64>>,
}

impl Unwinder {
    pub(crate) fn new(modules: &Modules, memory: &impl ReadMemory) -> Self {
        let (mut unwinder, mut without) = (ArchUnwinder::new(), Vec::new());
        for module in modules {
            let extent = module.extent();
            let extent = extent.start as u64..extent.end as u64;
            let Some(sections) = sections(module, memory) else {
                without.push(extent);
                continue;
            };
            let (name, bias) = (module.to_string(), module.bias as u64);
            unwinder.add_module(framehop::Module::new(name, extent, bias, sections));
        }
        Self {
            framehop: unwinder,
            cache: Cache::new(),
            without,
        }
    }

    /// Returns the program counter and the return addresses, from the innermost frame.
    pub(crate) fn frames(&mut self, registers: &Registers, memory: &impl ReadMemory) -> Vec<u64> {
        let mut read_stack = |vaddr: u64| {
            let mut word = [0; 8];
            let vaddr = usize::try_from(vaddr).map_err(drop)?;
            // An aligned word is in one mapping, so one read is enough.
            match memory.read_memory(vaddr, &mut word) {
                Ok(8) => Ok(u64::from_le_bytes(word)),
                _ => Err(()),
            }
        };
        let (pc, from) = (registers.pc, convert(registers));
        // Otherwise framehop would follow the frame pointer, which most programs use for other values. At the
        // first instruction of a function, the return address is known.
        if self.without.iter().any(|extent| extent.contains(&pc)) {
            let caller = registers.lr.or_else(|| read_stack(registers.sp).ok());
            return [pc].into_iter().chain(caller).collect();
        }
        let mut frames = self
            .framehop
            .iter_frames(pc, from, &mut self.cache, &mut read_stack);
        let next = || frames.next().ok().flatten();
        let addresses = std::iter::from_fn(next).map(FrameAddress::address);
        addresses.take(MAX_FRAMES).collect()
    }
}

#[cfg(target_arch = "aarch64")]
fn convert(registers: &Registers) -> UnwindRegsAarch64 {
    let lr = registers.lr.unwrap_or(0);
    UnwindRegsAarch64::new(lr, registers.sp, registers.fp)
}

#[cfg(target_arch = "x86_64")]
fn convert(registers: &Registers) -> UnwindRegsX86_64 {
    UnwindRegsX86_64::new(registers.pc, registers.sp, registers.fp)
}

/// Reads `.eh_frame_hdr`, and `.eh_frame`, whose address it contains.
fn sections(
    module: &Module,
    memory: &impl ReadMemory,
) -> Option<ExplicitModuleSectionInfo<Vec<u8>>> {
    let range = module.eh_frame_hdr.clone()?;
    let relative = |vaddr| module.to_relative(vaddr);
    let hdr_start = relative(range.start)?;
    let hdr = read_up_to(range, memory);
    let bases = BaseAddresses::default().set_eh_frame_hdr(hdr_start);
    let parsed = EhFrameHdr::new(&hdr, LittleEndian).parse(&bases, 8).ok()?;
    let Pointer::Direct(start) = parsed.eh_frame_ptr() else {
        return None;
    };
    // The length is not known: up to the end of the segment. The section ends with a zero.
    let vaddr = module.to_vaddr(start)?;
    let eh_frame = read_up_to(vaddr..module.find(vaddr)?.range.end, memory);
    Some(ExplicitModuleSectionInfo {
        eh_frame_svma: Some(start..start + eh_frame.len() as u64),
        eh_frame: Some(eh_frame),
        eh_frame_hdr_svma: Some(hdr_start..hdr_start + hdr.len() as u64),
        eh_frame_hdr: Some(hdr),
        ..Default::default()
    })
}
