//! Tests that pass on every kernel and that are no cases: transfers of several calls, reads into
//! uninitialized buffers, a null or invalid `actual`, and koids.

use super::call;
use super::case::{Call, Case, Handle, memory};
use super::image::{Image, pattern};
use super::kernel::Kernel;
use super::target::system::page_size;
use super::target::{Skip, Target, TargetKind, system};
use std::io::{Read, Seek, SeekFrom, Write};
use std::mem::MaybeUninit;
use zx_process_memory::sys::zx_vaddr_t;
use zx_process_memory::{MemoryCursor, ProcessRef, Status};

pub(crate) type Check = fn(TargetKind) -> Result<(), Skip>;

/// The checks that apply to a kernel.
pub(crate) fn of(kernel: Kernel) -> impl Iterator<Item = (&'static str, Check)> {
    let writes = if kernel.has_debugging_syscalls {
        WRITES
    } else {
        REFUSED_WRITES
    };
    READS.iter().chain(writes).copied()
}

#[rustfmt::skip] // A table with one check on each line.
const READS: &[(&str, Check)] = &[
    ("read: read_exact_memory continues in the next mapping", read_exact_continues_in_next_mapping),
    ("read: a null actual is INVALID_ARGS after the read", null_actual_is_invalid_args_after_read),
    ("read: an invalid actual is INVALID_ARGS after the read", invalid_actual_is_invalid_args_after_read),
    ("read: an uninitialized buffer receives the same bytes", uninit_read_matches_read),
    ("read: a page that is unmapped meanwhile never ends with INTERNAL", read_of_remapped_page_is_never_internal),
    ("two handles to one process have equal koids", two_handles_have_equal_koids),
];

#[rustfmt::skip] // A table with one check on each line.
const WRITES: &[(&str, Check)] = &[
    ("write: write_all_memory continues in the next mapping", write_all_continues_in_next_mapping),
    ("write: a null actual is INVALID_ARGS after the write", null_actual_is_invalid_args_after_write),
    ("write: an invalid actual is INVALID_ARGS after the write", invalid_actual_is_invalid_args_after_write),
    ("write: a page that is unmapped meanwhile never ends with INTERNAL", write_to_remapped_page_is_never_internal),
];

/// With debugging syscalls disabled.
#[rustfmt::skip] // A table with one check on each line.
const REFUSED_WRITES: &[(&str, Check)] = &[
    ("write: write_all_memory writes nothing", refused_write_all_writes_nothing),
    ("write: a null actual is NOT_SUPPORTED", refused_write_with_null_actual_is_not_supported),
];

/// The layouts of the checks. On Linux the child finds a layout by its name.
#[cfg_attr(target_os = "fuchsia", allow(dead_code))]
pub(crate) static LAYOUTS: [&Case; 2] = [&ONE, &THREE];

static ONE: Case = Case::layout("one mapping, for a check", &[memory(1)]);
static THREE: Case = Case::layout(
    "three mappings, for a check",
    &[memory(1), memory(2), memory(1)],
);

/// A target with the memory of a case.
struct Fixture {
    target: Box<dyn Target>,
    case: &'static Case,
    base: zx_vaddr_t,
}

impl Fixture {
    fn new(kind: TargetKind, case: &'static Case) -> Result<Self, Skip> {
        let mut target = system::target(kind)?;
        let base = target.lay_out(case)?;
        Ok(Self { target, case, base })
    }

    fn filled(kind: TargetKind, case: &'static Case) -> Result<(Self, Image), Skip> {
        let mut fixture = Self::new(kind, case)?;
        fixture.target.fill(case);
        Ok((fixture, Image::filled(case.memory)))
    }

    fn process(&mut self) -> Result<ProcessRef<'static>, Skip> {
        borrow(&mut *self.target)
    }

    fn matches(&mut self, image: &Image) -> bool {
        let contents = self.target.contents(self.case).unwrap();
        image.difference(&contents).is_none()
    }
}

fn borrow(target: &mut dyn Target) -> Result<ProcessRef<'static>, Skip> {
    let handle = target.handle(Handle::Full)?;
    // SAFETY: the target keeps the handle open, and no check uses the borrow after the target. The
    // checks write only memory that the target laid out, to which no reference exists.
    Ok(unsafe { ProcessRef::borrow_raw(handle) }.unwrap())
}

fn write_all_continues_in_next_mapping(kind: TargetKind) -> Result<(), Skip> {
    let mut fixture = Fixture::new(kind, &THREE)?;
    let (process, base) = (fixture.process()?, fixture.base);
    let bytes = pattern(0, 4 * page_size());
    assert_eq!(process.write_all_memory(base, &bytes), Ok(()));
    let mut image = Image::zeroed(THREE.memory);
    image.write(0, &bytes).unwrap();
    assert!(fixture.matches(&image));
    let error = process
        .write_all_memory(base + page_size(), &bytes)
        .unwrap_err();
    assert_eq!(
        (error.transferred, error.vaddr),
        (3 * page_size(), base + 4 * page_size())
    );
    assert!(error.status.may_mean_unmapped(), "{error}");
    Ok(())
}

fn read_exact_continues_in_next_mapping(kind: TargetKind) -> Result<(), Skip> {
    let (mut fixture, image) = Fixture::filled(kind, &THREE)?;
    let (process, base) = (fixture.process()?, fixture.base);
    let mut buffer = vec![0; 4 * page_size()];
    assert_eq!(process.read_exact_memory(base, &mut buffer), Ok(()));
    assert!(Some(&buffer) == image.read(0, 4 * page_size()).as_ref());
    let error = process
        .read_exact_memory(base + page_size(), &mut buffer)
        .unwrap_err();
    assert_eq!(
        (error.transferred, error.vaddr),
        (3 * page_size(), base + 4 * page_size())
    );
    assert!(error.status.may_mean_unmapped(), "{error}");
    assert!(
        Some(&buffer[..3 * page_size()]) == image.read(page_size(), 3 * page_size()).as_deref()
    );
    assert!(fixture.matches(&image));
    Ok(())
}

const CALLS: usize = 1000;

/// Kernels until September 2019 access the whole buffer between the look-up of the mapping and the
/// transfer. A long buffer makes the race more likely there.
const LONG: usize = 1 << 18;

/// Until about 2023 the kernel can return success with a count of 0 if the mapping disappears during
/// the call. The transfers and the cursor then call again.
fn write_to_remapped_page_is_never_internal(kind: TargetKind) -> Result<(), Skip> {
    let mut target = system::target(kind)?;
    let page = target.remapped_page()?;
    let process = borrow(&mut *target)?;
    let bytes = vec![1; LONG];
    count_zeros("writes", || process.write_memory(page.vaddr, &bytes));
    let mut cursor = MemoryCursor::new(process, page.vaddr);
    for _ in 0..CALLS {
        if let Err(error) = process.write_all_memory(page.vaddr, &bytes) {
            assert_ne!(error.status, Status::Internal, "{error}");
        }
        cursor.seek(SeekFrom::Start(page.vaddr as u64)).unwrap();
        assert!(!matches!(cursor.write(&bytes), Ok(0)));
    }
    Ok(())
}

fn read_of_remapped_page_is_never_internal(kind: TargetKind) -> Result<(), Skip> {
    let mut target = system::target(kind)?;
    let page = target.remapped_page()?;
    let process = borrow(&mut *target)?;
    let mut buffer = vec![0; LONG];
    count_zeros("reads", || process.read_memory(page.vaddr, &mut buffer));
    let mut cursor = MemoryCursor::new(process, page.vaddr);
    for _ in 0..CALLS {
        if let Err(error) = process.read_exact_memory(page.vaddr, &mut buffer) {
            assert_ne!(error.status, Status::Internal, "{error}");
        }
        cursor.seek(SeekFrom::Start(page.vaddr as u64)).unwrap();
        assert!(!matches!(cursor.read(&mut buffer), Ok(0)));
    }
    Ok(())
}

/// Prints how often a single call succeeds with a count of 0. Depends on the timing, so it is no
/// assertion.
fn count_zeros(calls: &str, mut call: impl FnMut() -> Result<usize, Status>) {
    let zeros = (0..CALLS).filter(|_| call() == Ok(0)).count();
    println!(
        "{zeros} of {CALLS} {calls} to a page that is unmapped meanwhile returned ZX_OK and 0"
    );
}

fn null_actual_is_invalid_args_after_write(kind: TargetKind) -> Result<(), Skip> {
    write_with_actual(kind, std::ptr::null_mut())
}

fn invalid_actual_is_invalid_args_after_write(kind: TargetKind) -> Result<(), Skip> {
    write_with_actual(kind, system::unmapped_buffer()?.as_mut_ptr().cast())
}

fn write_with_actual(kind: TargetKind, actual: *mut usize) -> Result<(), Skip> {
    let mut fixture = Fixture::new(kind, &ONE)?;
    let mut bytes = pattern(0, 9);
    let result = call_with_actual(&mut fixture, Call::Write, &mut bytes, actual)?;
    assert_eq!(result, Err(Status::InvalidArgs));
    let mut image = Image::zeroed(ONE.memory);
    image.write(0, &bytes).unwrap();
    assert!(fixture.matches(&image));
    Ok(())
}

fn null_actual_is_invalid_args_after_read(kind: TargetKind) -> Result<(), Skip> {
    read_with_actual(kind, std::ptr::null_mut())
}

fn invalid_actual_is_invalid_args_after_read(kind: TargetKind) -> Result<(), Skip> {
    read_with_actual(kind, system::unmapped_buffer()?.as_mut_ptr().cast())
}

fn read_with_actual(kind: TargetKind, actual: *mut usize) -> Result<(), Skip> {
    let (mut fixture, image) = Fixture::filled(kind, &ONE)?;
    let mut bytes = vec![0; 9];
    let result = call_with_actual(&mut fixture, Call::Read, &mut bytes, actual)?;
    assert_eq!(result, Err(Status::InvalidArgs));
    assert_eq!(Some(bytes), image.read(0, 9));
    assert!(fixture.matches(&image));
    Ok(())
}

fn refused_write_with_null_actual_is_not_supported(kind: TargetKind) -> Result<(), Skip> {
    let (mut fixture, image) = Fixture::filled(kind, &ONE)?;
    let null = std::ptr::null_mut();
    let result = call_with_actual(&mut fixture, Call::Write, &mut [1; 9], null)?;
    assert_eq!(result, Err(Status::NotSupported));
    assert!(fixture.matches(&image));
    Ok(())
}

fn refused_write_all_writes_nothing(kind: TargetKind) -> Result<(), Skip> {
    let (mut fixture, image) = Fixture::filled(kind, &THREE)?;
    let (process, base) = (fixture.process()?, fixture.base);
    let error = process
        .write_all_memory(base, &vec![1; 4 * page_size()])
        .unwrap_err();
    assert_eq!((error.transferred, error.vaddr), (0, base));
    assert_eq!(error.status, Status::NotSupported);
    assert!(fixture.matches(&image));
    Ok(())
}

fn call_with_actual(
    fixture: &mut Fixture,
    call: Call,
    bytes: &mut [u8],
    actual: *mut usize,
) -> Result<Result<(), Status>, Skip> {
    let handle = fixture.target.handle(Handle::Full)?;
    let buffer = bytes.as_mut_ptr();
    // SAFETY: the buffer is valid for reads and writes of its length. `actual` is null, which Zircon
    // and the Linux backend check, or on Zircon an address at which no Rust object is. The call
    // writes only memory of the fixture.
    let raw = unsafe { call::syscall(call, handle, fixture.base, buffer, bytes.len(), actual) };
    Ok(Status::ok(raw))
}

fn uninit_read_matches_read(kind: TargetKind) -> Result<(), Skip> {
    let (mut fixture, image) = Fixture::filled(kind, &THREE)?;
    let (process, vaddr) = (fixture.process()?, fixture.base + page_size() + 1);
    // The read is partial: it stops at the end of the second mapping.
    let mut buffer = vec![0; 4 * page_size()];
    let count = process.read_memory(vaddr, &mut buffer).unwrap();
    let mut uninit = vec![MaybeUninit::uninit(); 4 * page_size()];
    let (read, rest) = process.read_memory_uninit(vaddr, &mut uninit).unwrap();
    assert_eq!((read.len(), rest.len()), (count, 4 * page_size() - count));
    assert!(read == &buffer[..count]);
    assert!(Some(&*read) == image.read(page_size() + 1, 2 * page_size() - 1).as_deref());
    // A failed read has the same status, too.
    let hole = fixture.base + 4 * page_size();
    let status = process.read_memory_uninit(hole, &mut uninit).unwrap_err();
    assert_eq!(process.read_memory(hole, &mut buffer), Err(status));
    Ok(())
}

fn two_handles_have_equal_koids(kind: TargetKind) -> Result<(), Skip> {
    let mut target = system::target(kind)?;
    let mut koid = |handle| {
        let handle = target.handle(handle)?;
        // SAFETY: the target keeps the handle open, and this check writes nothing.
        let process: ProcessRef<'_> = unsafe { ProcessRef::borrow_raw(handle) }.unwrap();
        Ok::<_, Skip>(process.koid().unwrap())
    };
    assert_eq!(koid(Handle::Full)?, koid(Handle::WriteOnly)?);
    Ok(())
}
