//! Sizes, alignments and signatures at the system call boundary, and traits of the public types.

use std::fmt::Debug;
use std::panic::{RefUnwindSafe, UnwindSafe};
use zx_process_memory::sys::{self, zx_handle_t, zx_info_handle_basic_t};
use zx_process_memory::{Process, ProcessRef, Rights, Status, TransferError};

#[test]
fn process_types_have_layout_of_raw_handle() {
    assert_eq!(size_of::<Process>(), size_of::<zx_handle_t>());
    assert_eq!(size_of::<Option<Process>>(), size_of::<zx_handle_t>());
    assert_eq!(size_of::<ProcessRef<'_>>(), size_of::<zx_handle_t>());
    assert_eq!(
        size_of::<Option<ProcessRef<'_>>>(),
        size_of::<zx_handle_t>()
    );
    assert_eq!(align_of::<Process>(), align_of::<zx_handle_t>());
}

#[test]
fn result_of_write_has_size_of_two_registers() {
    assert_eq!(size_of::<Result<usize, Status>>(), 2 * size_of::<u64>());
}

#[test]
fn info_records_have_sizes_of_zircon() {
    assert_eq!(size_of::<zx_info_handle_basic_t>(), 32);
    assert_eq!(size_of::<sys::zx_info_maps_v1_t>(), 96);
    assert_eq!(size_of::<Rights>(), size_of::<sys::zx_rights_t>());
}

#[test]
fn rights_have_bits_of_zircon() {
    assert_eq!(Rights::WRITE_MEMORY.bits(), 1 << 3);
    assert_eq!(Rights::READ_MEMORY.bits(), 1 << 2 | 1 << 3);
    assert_eq!(Rights::SAME_RIGHTS.bits(), 1 << 31);
    // `<zircon/rights.h>` has 25 rights, in bits 0 to 24.
    assert_eq!(Rights::all().bits(), (1 << 25) - 1);
    assert_eq!(Rights::all().iter().count(), 25);
}

#[test]
fn public_types_are_send_sync_unpin_and_debug() {
    fn assert_traits<T: Send + Sync + Debug + Unpin + UnwindSafe + RefUnwindSafe>() {}
    assert_traits::<Process>();
    assert_traits::<ProcessRef<'static>>();
    assert_traits::<Status>();
    assert_traits::<TransferError>();
    assert_traits::<Rights>();
    assert_traits::<zx_info_handle_basic_t>();
    assert_traits::<sys::zx_info_maps_v1_t>();
}

/// A wrong declaration of a vDSO function would still link.
#[cfg(target_os = "fuchsia")]
#[test]
fn syscall_declarations_match_fuchsia_zircon_sys() {
    use sys::{zx_koid_t, zx_rights_t, zx_status_t, zx_vaddr_t};
    macro_rules! assert_same {
        ($($name:ident: $type:ty;)*) => {$(
            let pair: [$type; 2] = [sys::$name, fuchsia_zircon_sys::$name];
            assert!(std::ptr::fn_addr_eq(pair[0], pair[1]));
        )*};
    }
    assert_same! {
        zx_process_write_memory: unsafe extern "C" fn(
            zx_handle_t, zx_vaddr_t, *const u8, usize, *mut usize) -> zx_status_t;
        zx_process_read_memory: unsafe extern "C" fn(
            zx_handle_t, zx_vaddr_t, *mut u8, usize, *mut usize) -> zx_status_t;
        zx_handle_close: unsafe extern "C" fn(zx_handle_t) -> zx_status_t;
        zx_handle_duplicate: unsafe extern "C" fn(
            zx_handle_t, zx_rights_t, *mut zx_handle_t) -> zx_status_t;
        zx_object_get_info: unsafe extern "C" fn(
            zx_handle_t, u32, *mut u8, usize, *mut usize, *mut usize) -> zx_status_t;
        zx_object_get_child: unsafe extern "C" fn(
            zx_handle_t, zx_koid_t, zx_rights_t, *mut zx_handle_t) -> zx_status_t;
    }
}
