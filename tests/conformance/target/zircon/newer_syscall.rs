//! System calls that the kernel of December 2018 does not have (measured). A program that links to
//! a call which the kernel does not have does not start, so they are looked up.

use crate::suite::target::Skip;
use std::ffi::{CStr, c_char, c_void};
use zx_process_memory::sys::{zx_handle_t, zx_status_t};

type Handle = zx_handle_t;
type Out = *mut zx_handle_t;

macro_rules! newer_syscalls {
    ($($name:ident($($argument:ty),*);)*) => {$(
        pub(super) fn $name() -> Result<unsafe extern "C" fn($($argument),*) -> zx_status_t, Skip> {
            type Function = Option<unsafe extern "C" fn($($argument),*) -> zx_status_t>;
            let address = find(concat!(stringify!($name), "\0"));
            // SAFETY: this is the signature of the function of this name. A null pointer becomes
            // `None`.
            let function = unsafe { std::mem::transmute::<*mut c_void, Function>(address) };
            function.ok_or_else(|| concat!("this kernel has no ", stringify!($name)).into())
        }
    )*};
}

newer_syscalls! {
    zx_vmo_create_child(Handle, u32, u64, u64, Out);
    zx_pager_create(u32, Out);
    zx_pager_create_vmo(Handle, u32, Handle, u64, u64, Out);
    zx_pager_detach_vmo(Handle, Handle);
    zx_pager_supply_pages(Handle, Handle, u64, u64, Handle, u64);
    zx_pager_op_range(Handle, u32, Handle, u64, u64, u64);
}

fn find(name: &str) -> *mut c_void {
    unsafe extern "C" {
        fn dlsym(library: *mut c_void, name: *const c_char) -> *mut c_void;
    }
    let name = CStr::from_bytes_with_nul(name.as_bytes()).unwrap();
    // SAFETY: the name ends with 0, and a null handle means all loaded libraries.
    unsafe { dlsym(std::ptr::null_mut(), name.as_ptr()) }
}
