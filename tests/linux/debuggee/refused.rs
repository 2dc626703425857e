//! Pages that Linux refuses to other processes.

use super::page_size;
use rustix::fs::{MemfdFlags, ftruncate, memfd_create};
use rustix::mm::{MapFlags, ProtFlags, mmap, mmap_anonymous};
use std::ffi::c_void;
use std::os::fd::{AsFd, FromRawFd, IntoRawFd, OwnedFd};
use std::ptr::from_mut;

/// Maps a page at `vaddr`. Returns `None` if this Linux has no such pages.
pub(super) fn map(vaddr: usize, kind: &str) -> Option<usize> {
    match kind {
        "GuardRegion" => guard(map_anonymous(vaddr)),
        "GuardRegionOfFile" => {
            let file = memfd_create("file", MemfdFlags::CLOEXEC).unwrap();
            ftruncate(&file, page_size() as u64).unwrap();
            guard(map_file(vaddr, &file))
        }
        "Secret" => {
            // SAFETY: the call takes no pointer.
            let secret = owned(unsafe { libc::syscall(libc::SYS_memfd_secret, 0) })?;
            ftruncate(&secret, page_size() as u64).unwrap();
            let mapped = map_file(vaddr, &secret);
            super::fill(vaddr..vaddr + page_size(), 1);
            Some(mapped)
        }
        "MissingInUserfaultfd" => missing_in_userfaultfd(map_anonymous(vaddr)),
        _ => panic!("unknown kind of page: {kind}"),
    }
}

fn map_anonymous(vaddr: usize) -> usize {
    let (at, access) = (vaddr as *mut c_void, ProtFlags::READ | ProtFlags::WRITE);
    let flags = MapFlags::PRIVATE | MapFlags::FIXED;
    // SAFETY: the range was reserved for a test, and this program holds no reference to it.
    unsafe { mmap_anonymous(at, page_size(), access, flags) }
        .unwrap()
        .addr()
}

fn map_file(vaddr: usize, file: impl AsFd) -> usize {
    let (at, access) = (vaddr as *mut c_void, ProtFlags::READ | ProtFlags::WRITE);
    let flags = MapFlags::SHARED | MapFlags::FIXED;
    // SAFETY: the range was reserved for a test, and this program holds no reference to it.
    unsafe { mmap(at, page_size(), access, flags, file, 0) }
        .unwrap()
        .addr()
}

/// `MADV_GUARD_INSTALL` of `<linux/mman.h>`, Linux 6.13.
const MADV_GUARD_INSTALL: i32 = 102;

fn guard(vaddr: usize) -> Option<usize> {
    // SAFETY: the page was just mapped, and this program does not access it.
    let result = unsafe { libc::madvise(vaddr as *mut c_void, page_size(), MADV_GUARD_INSTALL) };
    (result == 0).then_some(vaddr)
}

/// `struct uffdio_api` and `struct uffdio_register` of `<linux/userfaultfd.h>`.
#[repr(C)]
struct Api([u64; 3]);
#[repr(C)]
struct Register([u64; 4]);

/// The type differs between C libraries.
#[cfg(target_env = "musl")]
type Ioctl = libc::c_int;
#[cfg(not(target_env = "musl"))]
type Ioctl = libc::c_ulong;

const UFFDIO_API: Ioctl = 0xc018_aa3f;
const UFFDIO_REGISTER: Ioctl = 0xc020_aa00;
const UFFD_API: u64 = 0xaa;
const UFFDIO_REGISTER_MODE_MISSING: u64 = 1;

/// Nothing ever supplies the page.
fn missing_in_userfaultfd(vaddr: usize) -> Option<usize> {
    // SAFETY: the call takes no pointer.
    let fd = owned(unsafe { libc::syscall(libc::SYS_userfaultfd, libc::O_CLOEXEC) })?;
    let mut api = Api([UFFD_API, 0, 0]);
    let mut register = Register([
        vaddr as u64,
        page_size() as u64,
        UFFDIO_REGISTER_MODE_MISSING,
        0,
    ]);
    // Stays open: if it is closed, Linux supplies the page.
    let fd = fd.into_raw_fd();
    let request = |number, argument: *mut c_void| {
        // SAFETY: both requests read and write one struct, to which `argument` points. The page was just
        // mapped, and this program does not access it.
        assert_eq!(unsafe { libc::ioctl(fd, number, argument) }, 0);
    };
    request(UFFDIO_API, from_mut(&mut api).cast());
    request(UFFDIO_REGISTER, from_mut(&mut register).cast());
    Some(vaddr)
}

fn owned(fd: i64) -> Option<OwnedFd> {
    let fd = i32::try_from(fd).ok().filter(|fd| *fd >= 0)?;
    // SAFETY: a system call has just made this descriptor, and nothing else closes it.
    Some(unsafe { OwnedFd::from_raw_fd(fd) })
}
