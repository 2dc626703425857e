//! What is true on every kernel alike, and no case: the wrapper's loops and its second form
//! of a read, and the raw calls' last argument.

use super::call;
use super::case::{Area, At, Buffer, Call, Case, Handle, PAGE, memory};
use super::expect::Expect;
use super::image::{Image, pattern};
use super::target::{Skip, Target, Who, system};
use std::mem::MaybeUninit;
use zx_process_memory::sys::zx_vaddr_t;
use zx_process_memory::{ProcessRef, Status};

pub(crate) type Check = fn(Who) -> Result<(), Skip>;

#[rustfmt::skip] // A line each: it is a table.
pub(crate) const ALL: &[(&str, Check)] = &[
    ("write: the loop goes on into the next mapping", writing_loop_crosses_mappings),
    ("read: the loop goes on into the next mapping", reading_loop_crosses_mappings),
    ("write: a null count is told after the write", null_actual_is_told_after_the_write),
    ("read: a null count is told after the read", null_actual_is_told_after_the_read),
    ("read: a buffer that is not initialised gets the same bytes", uninit_equals_init),
    ("read: debugging calls need not be on", reading_has_no_gate),
    ("two handles to one process have one koid", two_handles_have_one_koid),
];

/// The memory that they lay out. A child that lays it out itself finds it by its name.
#[cfg_attr(target_os = "fuchsia", allow(dead_code))]
pub(crate) static LAYOUTS: [&Case; 2] = [&ONE, &THREE];

static ONE: Case = layout("one mapping, for a check", &[memory(1)]);
static THREE: Case = layout(
    "three mappings, for a check",
    &[memory(1), memory(2), memory(1)],
);

const fn layout(name: &'static str, memory: &'static [Area]) -> Case {
    let (nowhere, nothing) = (At::Offset(0), Buffer::Claimed(0));
    Case::new(name, memory, nowhere, nothing, Expect::done(0))
}

/// A target with its memory, and a handle to it. It keeps the handle open, which nobody
/// uses after it.
struct Stage {
    target: Box<dyn Target>,
    case: &'static Case,
    base: zx_vaddr_t,
}

impl Stage {
    fn new(who: Who, case: &'static Case) -> Result<Self, Skip> {
        let mut target = system::target(who)?;
        let base = target.lay_out(case)?;
        Ok(Self { target, case, base })
    }

    fn filled(who: Who, case: &'static Case) -> Result<(Self, Image), Skip> {
        let mut stage = Self::new(who, case)?;
        stage.target.fill(case);
        Ok((stage, Image::filled(case.memory)))
    }

    fn process(&mut self) -> Result<ProcessRef<'static>, Skip> {
        let handle = self.target.handle(Handle::Full)?;
        // SAFETY: the target keeps it open; only what was laid out for this is written.
        Ok(unsafe { ProcessRef::borrow_raw(handle) }.unwrap())
    }

    fn holds(&mut self, image: &Image) -> bool {
        let seen = self.target.contents(self.case).unwrap();
        image.difference(&seen).is_none()
    }
}

fn writing_loop_crosses_mappings(who: Who) -> Result<(), Skip> {
    let mut stage = Stage::new(who, &THREE)?;
    let (process, base) = (stage.process()?, stage.base);
    let bytes = pattern(0, 4 * PAGE);
    assert_eq!(process.write_all_memory(base, &bytes), Ok(()));
    let mut image = Image::zeroed(THREE.memory);
    image.write(0, &bytes).unwrap();
    assert!(stage.holds(&image));
    let stopped = process.write_all_memory(base + PAGE, &bytes).unwrap_err();
    assert_eq!(
        (stopped.transferred, stopped.vaddr),
        (3 * PAGE, base + 4 * PAGE)
    );
    assert!(stopped.status.may_mean_unmapped(), "{stopped}");
    Ok(())
}

fn reading_loop_crosses_mappings(who: Who) -> Result<(), Skip> {
    let (mut stage, image) = Stage::filled(who, &THREE)?;
    let (process, base) = (stage.process()?, stage.base);
    let mut buffer = vec![0; 4 * PAGE];
    assert_eq!(process.read_exact_memory(base, &mut buffer), Ok(()));
    assert!(Some(&buffer) == image.read(0, 4 * PAGE).as_ref());
    let stopped = process
        .read_exact_memory(base + PAGE, &mut buffer)
        .unwrap_err();
    assert_eq!(
        (stopped.transferred, stopped.vaddr),
        (3 * PAGE, base + 4 * PAGE)
    );
    assert!(stopped.status.may_mean_unmapped(), "{stopped}");
    assert!(Some(&buffer[..3 * PAGE]) == image.read(PAGE, 3 * PAGE).as_deref());
    assert!(stage.holds(&image));
    Ok(())
}

fn null_actual_is_told_after_the_write(who: Who) -> Result<(), Skip> {
    let mut stage = Stage::new(who, &ONE)?;
    let mut bytes = pattern(0, 9);
    assert_eq!(
        call_for_no_count(&mut stage, Call::Write, &mut bytes)?,
        Err(Status::InvalidArgs)
    );
    let mut image = Image::zeroed(ONE.memory);
    image.write(0, &bytes).unwrap();
    assert!(stage.holds(&image));
    Ok(())
}

fn null_actual_is_told_after_the_read(who: Who) -> Result<(), Skip> {
    let (mut stage, image) = Stage::filled(who, &ONE)?;
    let mut bytes = vec![0; 9];
    assert_eq!(
        call_for_no_count(&mut stage, Call::Read, &mut bytes)?,
        Err(Status::InvalidArgs)
    );
    assert_eq!(Some(bytes), image.read(0, 9));
    assert!(stage.holds(&image));
    Ok(())
}

fn call_for_no_count(
    stage: &mut Stage,
    call: Call,
    bytes: &mut [u8],
) -> Result<Result<(), Status>, Skip> {
    let handle = stage.target.handle(Handle::Full)?;
    let (buffer, nowhere) = (bytes.as_mut_ptr(), std::ptr::null_mut());
    // SAFETY: the bytes can be read and written; kernels and stand-in refuse a null count.
    let raw = unsafe { call::made(call, handle, stage.base, buffer, bytes.len(), nowhere) };
    Ok(Status::ok(raw))
}

fn uninit_equals_init(who: Who) -> Result<(), Skip> {
    let (mut stage, image) = Stage::filled(who, &THREE)?;
    let (process, vaddr) = (stage.process()?, stage.base + PAGE + 1);
    // It ends short, with the second mapping.
    let mut buffer = vec![0; 4 * PAGE];
    let count = process.read_memory(vaddr, &mut buffer).unwrap();
    let mut uninit = vec![MaybeUninit::uninit(); 4 * PAGE];
    let (read, rest) = process.read_memory_uninit(vaddr, &mut uninit).unwrap();
    assert_eq!((read.len(), rest.len()), (count, 4 * PAGE - count));
    assert!(read == &buffer[..count]);
    assert!(Some(&*read) == image.read(PAGE + 1, 2 * PAGE - 1).as_deref());
    // And it fails alike.
    let hole = stage.base + 4 * PAGE;
    let status = process.read_memory_uninit(hole, &mut uninit).unwrap_err();
    assert_eq!(process.read_memory(hole, &mut buffer), Err(status));
    Ok(())
}

fn reading_has_no_gate(who: Who) -> Result<(), Skip> {
    let (mut stage, image) = Stage::filled(who, &ONE)?;
    let (process, mut buffer) = (stage.process()?, vec![0; 9]);
    system::switch_debugging_calls(false)?;
    let (read, written) = (
        process.read_memory(stage.base, &mut buffer),
        process.write_memory(stage.base, &[1]),
    );
    system::switch_debugging_calls(true)?;
    assert_eq!((read, written), (Ok(9), Err(Status::NotSupported)));
    assert_eq!(Some(buffer), image.read(0, 9));
    Ok(())
}

fn two_handles_have_one_koid(who: Who) -> Result<(), Skip> {
    let mut target = system::target(who)?;
    let mut koid = |handle| {
        let handle = target.handle(handle)?;
        // SAFETY: the target keeps it open, and nothing is written.
        let process: ProcessRef<'_> = unsafe { ProcessRef::borrow_raw(handle) }.unwrap();
        Ok::<_, Skip>(process.koid().unwrap())
    };
    assert_eq!(koid(Handle::Full)?, koid(Handle::WriteAlone)?);
    Ok(())
}
