//! The modules of this process. Kernels until September 2019 refuse the memory map of the calling process,
//! so libc lists them.

use super::super::handle::{OwnedHandle, check};
use super::Result;
use fuchsia_zircon_sys as zx;
use std::ffi::{c_char, c_int, c_void};
use std::ops::Range;
use std::rc::Rc;
use std::slice;
use zx_process_memory::sys;

const PAGE: usize = 4096;

/// A segment, rounded to pages.
pub(super) struct Segment {
    pub(super) range: Range<usize>,
    pub(super) permissions: u32,
    /// The kernel runs system calls only from the VMO of the vDSO, so this part of it must be mapped.
    pub(super) vdso: Option<(Rc<OwnedHandle>, u64)>,
}

/// `struct dl_phdr_info`, up to the last field that is used.
#[repr(C)]
struct Info {
    bias: usize,
    _name: *const c_char,
    headers: *const ProgramHeader,
    count: u16,
}

/// `Elf64_Phdr`.
#[repr(C)]
struct ProgramHeader {
    kind: u32,
    flags: u32,
    _offset: u64,
    vaddr: usize,
    _paddr: u64,
    _file_size: u64,
    memory_size: usize,
    _alignment: u64,
}

type Callback = unsafe extern "C" fn(*const Info, usize, *mut c_void) -> c_int;

unsafe extern "C" {
    fn dl_iterate_phdr(callback: Callback, data: *mut c_void) -> c_int;

    /// Returns a handle that the program was started with, or 0. Returns each handle once.
    safe fn zx_take_startup_handle(id: u32) -> u32;
}

/// The segments of all modules.
pub(super) fn segments() -> Result<Vec<Segment>> {
    let mut modules: Vec<Vec<Segment>> = Vec::new();
    // SAFETY: `add` gets a pointer to `modules`, which nothing else uses meanwhile.
    unsafe { dl_iterate_phdr(add, (&raw mut modules).cast()) };
    let base = vdso_base()?;
    let is_vdso = |segment: &Segment| segment.range.start == base;
    let vdso = modules
        .iter_mut()
        .find(|module| module.iter().any(is_vdso))
        .ok_or("libc does not list the vDSO")?;
    let vmo = Rc::new(vdso_vmo()?);
    for segment in vdso {
        // The VMO is the file, which is mapped without gaps.
        let offset = u64::try_from(segment.range.start - base)?;
        segment.vdso = Some((Rc::clone(&vmo), offset));
    }
    Ok(modules.into_iter().flatten().collect())
}

unsafe extern "C" fn add(info: *const Info, _size: usize, modules: *mut c_void) -> c_int {
    // SAFETY: `segments` passes this pointer, and waits for the end of the calls.
    let modules = unsafe { &mut *modules.cast::<Vec<Vec<Segment>>>() };
    // SAFETY: libc passes a valid structure, of which `Info` is the first part.
    let info = unsafe { &*info };
    let count = usize::from(info.count);
    // SAFETY: the program headers are a part of the module, which stays loaded during the call.
    let headers = unsafe { slice::from_raw_parts(info.headers, count) };
    let loads = headers.iter().filter(|header| header.kind == PT_LOAD);
    modules.push(loads.map(|header| segment(info.bias, header)).collect());
    0
}

const PT_LOAD: u32 = 1;

fn segment(bias: usize, header: &ProgramHeader) -> Segment {
    /// The bits for execution, writing and reading, with those of Zircon.
    const PERMISSIONS: [(u32, u32); 3] = [
        (1, zx::ZX_VM_PERM_EXECUTE),
        (2, zx::ZX_VM_PERM_WRITE),
        (4, zx::ZX_VM_PERM_READ),
    ];
    let start = bias.wrapping_add(header.vaddr);
    let end = (start + header.memory_size).next_multiple_of(PAGE);
    let granted = PERMISSIONS
        .iter()
        .filter(|(bit, _)| header.flags & bit != 0);
    Segment {
        range: start / PAGE * PAGE..end,
        permissions: granted.map(|(_, permission)| permission).sum(),
        vdso: None,
    }
}

fn vdso_base() -> Result<usize> {
    let (mut base, property) = (0usize, zx::ZX_PROP_PROCESS_VDSO_BASE_ADDRESS);
    // SAFETY: `base` is valid for a write of its size.
    let raw = unsafe {
        let (to, size) = ((&raw mut base).cast(), size_of_val(&base));
        zx::zx_object_get_property(sys::zx_process_self(), property, to, size)
    };
    check("ZX_PROP_PROCESS_VDSO_BASE_ADDRESS", raw)?;
    Ok(base)
}

fn vdso_vmo() -> Result<OwnedHandle> {
    /// `PA_VMO_VDSO` of `<zircon/processargs.h>`.
    const PA_VMO_VDSO: u32 = 0x11;
    match zx_take_startup_handle(PA_VMO_VDSO) {
        0 => Err("this program has no handle to the vDSO's VMO".into()),
        vmo => Ok(OwnedHandle(vmo)),
    }
}
