//! Makes a case true or finds out that it is not: by the raw call, and by the wrapper.

use super::case::{At, Case, Handle, Outcome, PAGE, Source, State};
use super::kernel::Era;
use super::layout;
use super::report::Row;
use super::target::{Skip, Target, Who, system};
use zx_process_memory::sys::{self, zx_handle_t, zx_vaddr_t};
use zx_process_memory::{MAX_WRITE_LEN, Process, ProcessRef, Status};

pub(crate) enum Verdict {
    Passed,
    Skipped(String),
    Failed(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Raw,
    Wrapper,
}

/// Runs the case both ways, each on fresh memory.
pub(crate) fn run(case: &Case, who: Who, era: Era) -> (Verdict, Row) {
    let mut row = Row::new(case.name, who);
    let expected = era.expects(&case.expect);
    if let Outcome::NotTried(reason) = expected {
        row.skipped = Some(reason.to_owned());
        return (Verdict::Skipped(reason.to_owned()), row);
    }
    for way in [Way::Raw, Way::Wrapper] {
        match one(case, who, way, expected) {
            Ok(Some(seen)) => row.outcome = Some(seen),
            Ok(None) => {}
            Err(Problem::Skip(Skip(reason))) => {
                row.skipped = Some(reason.clone());
                return (Verdict::Skipped(reason), row);
            }
            Err(Problem::Wrong(seen, why)) => {
                row.outcome = seen.or(row.outcome);
                row.wrong = Some(why.clone());
                return (Verdict::Failed(format!("{way:?}: {why}")), row);
            }
        }
    }
    (Verdict::Passed, row)
}

enum Problem {
    Skip(Skip),
    /// What the call answered, if it was made, and what is wrong with that.
    Wrong(Option<Outcome>, String),
}

impl From<Skip> for Problem {
    fn from(skip: Skip) -> Self {
        Self::Skip(skip)
    }
}

/// `None` where the wrapper has no way to say it: a slice is never null.
fn one(case: &Case, who: Who, way: Way, expected: Outcome) -> Result<Option<Outcome>, Problem> {
    if way == Way::Wrapper && !sayable(case) {
        return Ok(None);
    }
    let mut target = system::target(who)?;
    let base = target.lay_out(case)?;
    let (vaddr, offset) = address(case, base, &mut *target)?;
    let handle = target.handle(case.handle)?;
    target.enter(case.state)?;

    let seen = match way {
        Way::Raw => raw_call(case, handle, vaddr)?,
        Way::Wrapper => wrapped_call(case, handle, vaddr),
    };

    if seen != expected {
        let why = format!("{} is right, not {}", show(expected), show(seen));
        return Err(Problem::Wrong(Some(seen), why));
    }
    let expected = layout::expected(case, offset, seen);
    if let Some(contents) = target.contents(case) {
        if contents != expected {
            let at = contents
                .iter()
                .zip(&expected)
                .position(|(one, other)| one != other);
            let at = at.unwrap_or(contents.len().min(expected.len()));
            let (page, byte) = (at / PAGE, at % PAGE);
            let why = format!("page {page} of those to be seen is wrong from byte {byte} on");
            return Err(Problem::Wrong(Some(seen), why));
        }
    }
    Ok(Some(seen))
}

fn sayable(case: &Case) -> bool {
    let len_is_real = matches!(case.source, Source::Bytes(_)) || case.source == Source::Claimed(0);
    // 0 never becomes a `Process`.
    len_is_real && case.handle != Handle::Invalid
}

/// Where to write, and how far that is into the layout.
fn address(
    case: &Case,
    base: zx_vaddr_t,
    target: &mut dyn Target,
) -> Result<(zx_vaddr_t, Option<usize>), Skip> {
    Ok(match case.at {
        At::Offset(offset) => (
            base.wrapping_add_signed(offset),
            usize::try_from(offset).ok(),
        ),
        At::Address(vaddr) => (vaddr, None),
        At::VdsoStart => (target.vdso()?.0, None),
        At::VdsoCode => (target.vdso()?.1, None),
    })
}

fn raw_call(case: &Case, handle: zx_handle_t, vaddr: zx_vaddr_t) -> Result<Outcome, Problem> {
    const UNTOUCHED: usize = 0x5eed;
    let bytes = match case.source {
        Source::Bytes(len) => layout::pattern(len),
        Source::Claimed(_) | Source::Null(_) => layout::pattern(1),
    };
    let (buffer, len) = match case.source {
        Source::Bytes(len) | Source::Claimed(len) => (bytes.as_ptr(), len),
        Source::Null(len) => (std::ptr::null(), len),
    };
    let mut actual = UNTOUCHED;
    // SAFETY: the buffer has the bytes, or the size alone is refused, or it is null,
    // which every kernel refuses. `actual` is writable. What is written is memory that
    // the target laid out for this, and nothing else knows of.
    let raw = unsafe { sys::zx_process_write_memory(handle, vaddr, buffer, len, &raw mut actual) };
    match Status::ok(raw) {
        Ok(()) => Ok(Outcome::Wrote(actual)),
        Err(status) if actual == UNTOUCHED => Ok(Outcome::Failed(status)),
        Err(status) => {
            let why = format!("it failed ({status}), and yet wrote {actual} to `actual`");
            Err(Problem::Wrong(Some(Outcome::Failed(status)), why))
        }
    }
}

fn wrapped_call(case: &Case, handle: zx_handle_t, vaddr: zx_vaddr_t) -> Outcome {
    let len = match case.source {
        Source::Bytes(len) | Source::Claimed(len) | Source::Null(len) => len,
    };
    // SAFETY: the target keeps the handle open, or it is one that was closed, which the
    // kernel refuses. What is written is memory that was laid out for this.
    let process = unsafe { ProcessRef::borrow_raw(handle) };
    match process.and_then(|process| process.write_memory(vaddr, &layout::pattern(len))) {
        Ok(count) => Outcome::Wrote(count),
        Err(status) => Outcome::Failed(status),
    }
}

pub(crate) fn show(outcome: Outcome) -> String {
    match outcome {
        Outcome::Wrote(count) => format!("ZX_OK, {count} bytes"),
        Outcome::Failed(status) => status.to_string(),
        Outcome::NotTried(reason) => reason.to_owned(),
    }
}

/// Things that are said of the wrapper's loop and of the raw call's last argument,
/// which are no cases: true on every kernel alike.
pub(crate) fn loop_crosses_mappings(who: Who) -> Result<(), Skip> {
    use super::case::{Expect, memory};
    let case = Case::new(
        "",
        const { &[memory(1), memory(2), memory(1)] },
        At::Offset(0),
        Source::Bytes(4 * PAGE),
        Expect::wrote(4 * PAGE),
    );
    let mut target = system::target(who)?;
    let base = target.lay_out(&case)?;
    let handle = target.handle(Handle::Full)?;
    // SAFETY: the target keeps it open; only what was laid out for this is written.
    let process = unsafe { ProcessRef::borrow_raw(handle) }.unwrap();
    let bytes = layout::pattern(4 * PAGE);
    assert_eq!(process.write_all_memory(base, &bytes), Ok(()));
    assert!(target.contents(&case).unwrap() == bytes);
    let stopped = process.write_all_memory(base + PAGE, &bytes).unwrap_err();
    assert_eq!((stopped.done, stopped.vaddr), (3 * PAGE, base + 4 * PAGE));
    assert!(stopped.status.may_mean_unmapped(), "{stopped}");
    Ok(())
}

pub(crate) fn null_actual_is_told_after_the_write(who: Who) -> Result<(), Skip> {
    use super::case::{Expect, memory};
    let case = Case::new(
        "",
        const { &[memory(1)] },
        At::Offset(0),
        Source::Bytes(9),
        Expect::wrote(9),
    );
    let mut target = system::target(who)?;
    let base = target.lay_out(&case)?;
    let handle = target.handle(Handle::Full)?;
    let (bytes, nowhere) = (layout::pattern(9), std::ptr::null_mut());
    // SAFETY: nine bytes can be read; kernels and stand-in refuse a null count.
    let raw = unsafe { sys::zx_process_write_memory(handle, base, bytes.as_ptr(), 9, nowhere) };
    assert_eq!(Status::ok(raw), Err(Status::InvalidArgs));
    let expected = layout::expected(&case, Some(0), Outcome::Wrote(9));
    assert!(target.contents(&case).unwrap() == expected);
    Ok(())
}

pub(crate) fn two_handles_have_one_koid(who: Who) -> Result<(), Skip> {
    let mut target = system::target(who)?;
    // SAFETY: the target keeps both open, and nothing is written.
    let mut koid = |handle| {
        let handle = target.handle(handle)?;
        // SAFETY: the target keeps it open, and nothing is written.
        let process: ProcessRef<'_> = unsafe { ProcessRef::borrow_raw(handle) }.unwrap();
        let process: &Process = &process;
        Ok::<_, Skip>(process.koid().unwrap())
    };
    assert_eq!(koid(Handle::Full)?, koid(Handle::WriteAlone)?);
    Ok(())
}

pub(crate) fn is_for(case: &Case, who: Who) -> bool {
    let of_a_child = case.state != State::AsMade;
    who == Who::Child || !of_a_child
}

const _: () = assert!(MAX_WRITE_LEN == 64 << 20);
