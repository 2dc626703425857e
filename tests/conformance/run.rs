//! Runs a case, by the raw call and by the wrapper.

use super::call::{self, Api};
use super::caller_buffer::CallerBuffer;
use super::case::{Call, Case, Location, State};
use super::expect::Outcome;
use super::image::{self, Image};
use super::kernel::Kernel;
use super::read_buffer;
use super::report::Row;
use super::target::{self, Skip, Target, TargetKind, system};
use zx_process_memory::Status;
use zx_process_memory::sys::zx_vaddr_t;

pub(crate) enum Verdict {
    Passed,
    Skipped(String),
    Failed(String),
}

/// Runs the case by each API, with a new layout each.
pub(crate) fn run(case: &Case, call: Call, target: TargetKind, kernel: Kernel) -> (Verdict, Row) {
    let mut row = Row::new(case.name, call, target);
    for api in [Api::Raw, Api::Wrapper] {
        if !api.can_call(case) {
            continue;
        }
        let expected = expected(case, call, api, kernel);
        if let Outcome::Skipped(reason) = expected {
            row.skipped = Some(reason.to_owned());
            return (Verdict::Skipped(reason.to_owned()), row);
        }
        match run_once(case, call, target, api, expected) {
            Ok(zeroed) => {
                // The wrapper checks the length before the call, so the row has the raw outcome.
                row.outcome.get_or_insert(expected);
                row.zeroed |= zeroed;
            }
            Err(Problem::Skip(Skip(reason))) => {
                row.skipped = Some(reason.clone());
                return (Verdict::Skipped(reason), row);
            }
            Err(Problem::Mismatch(outcome, message)) => {
                row.outcome = Some(outcome);
                row.failed = Some(message.clone());
                return (Verdict::Failed(format!("{api:?}: {message}")), row);
            }
        }
    }
    (Verdict::Passed, row)
}

fn expected(case: &Case, call: Call, api: Api, kernel: Kernel) -> Outcome {
    if call == Call::Write && !kernel.has_debugging_syscalls {
        return Outcome::Failed(
            if api == Api::Wrapper && !call::has_valid_len(case.buffer) {
                Status::InvalidArgs
            } else {
                Status::NotSupported
            },
        );
    }
    case.expect(call).map_or(
        Outcome::Skipped("the case does not apply to this call"),
        |expect| expect.on(kernel.era),
    )
}

enum Problem {
    Skip(Skip),
    /// The outcome of the call, and a message about what differs from the expectation.
    Mismatch(Outcome, String),
}

impl From<Skip> for Problem {
    fn from(skip: Skip) -> Self {
        Self::Skip(skip)
    }
}

/// Returns whether a read zeroed bytes after the bytes that it read.
fn run_once(
    case: &Case,
    call: Call,
    target: TargetKind,
    api: Api,
    expected: Outcome,
) -> Result<bool, Problem> {
    let mut target = system::target(target)?;
    let base = target.lay_out(case)?;
    if call == Call::Read {
        target.fill(case);
    }
    let vaddr = address(case, base, &mut *target)?;
    let handle = target.handle(case.handle)?;
    target.enter(case.state)?;

    let mut buffer = CallerBuffer::new(call, api, case.buffer)?;
    let result = call::make(call, api, &mut buffer, handle, vaddr);

    let outcome = result.outcome;
    let mismatch = |message| Problem::Mismatch(outcome, message);
    if !expected.matches(outcome) {
        let (expected, outcome) = (describe(expected), describe(outcome));
        return Err(mismatch(format!("expected {expected}, got {outcome}")));
    }
    if let Some(actual) = result.actual_on_error {
        let outcome = describe(outcome);
        return Err(mismatch(format!(
            "{outcome} as expected, but the call wrote {actual} to `actual`"
        )));
    }
    let count = expected.transferred();
    let (image, zeroed) = match call {
        Call::Write => (image_after_write(case, count), false),
        Call::Read => {
            let image = Image::filled(case.memory);
            let zeroed = check_buffer(case, &image, buffer.bytes(), count).map_err(mismatch)?;
            (image, zeroed)
        }
    };
    let contents = target.contents(case);
    if let Some(at) = contents.and_then(|contents| image.difference(&contents)) {
        let (page, byte) = (at / system::page_size(), at % system::page_size());
        return Err(mismatch(format!(
            "wrong memory contents from byte {byte} of readable page {page}"
        )));
    }
    Ok(zeroed)
}

fn address(case: &Case, base: zx_vaddr_t, target: &mut dyn Target) -> Result<zx_vaddr_t, Skip> {
    Ok(match case.location {
        Location::Offset(offset) => base.wrapping_add_signed(offset),
        Location::Address(vaddr) => vaddr,
        Location::VdsoStart => target.vdso()?.start,
        Location::VdsoCode => target.vdso()?.code,
    })
}

/// The expected memory contents after a write of this many bytes.
fn image_after_write(case: &Case, count: usize) -> Image {
    let mut image = Image::zeroed(case.memory);
    if count != 0 {
        offset(case)
            .and_then(|offset| image.write(offset, &image::pattern(0, count)))
            .unwrap_or_else(|| {
                panic!(
                    "{}: the suite cannot read the memory that the case writes",
                    case.name
                )
            });
    }
    image
}

/// Checks the caller's buffer after a read. Returns whether the call zeroed bytes after the bytes
/// that it read.
fn check_buffer(
    case: &Case,
    image: &Image,
    buffer: &mut [u8],
    count: usize,
) -> Result<bool, String> {
    let expected = match case.location {
        _ if count == 0 => Some(Vec::new()),
        Location::VdsoStart => Some(target::own_vdso_bytes(system::own_vdso().start, count)),
        Location::VdsoCode => Some(target::own_vdso_bytes(system::own_vdso().code, count)),
        Location::Offset(_) | Location::Address(_) => {
            offset(case).and_then(|offset| image.read(offset, count))
        }
    };
    let expected = expected.unwrap_or_else(|| {
        panic!(
            "{}: the suite cannot read the memory that the case reads",
            case.name
        )
    });
    if let Some(at) = image::first_difference(&expected, &buffer[..count]) {
        return Err(format!("byte {at} of the {count} bytes read is wrong"));
    }
    read_buffer::check_rest(buffer, count).map_err(|at| {
        format!("the call read {count} bytes, but changed the buffer from byte {at} on")
    })
}

fn offset(case: &Case) -> Option<usize> {
    match case.location {
        Location::Offset(offset) => usize::try_from(offset).ok(),
        _ => None,
    }
}

fn describe(outcome: Outcome) -> String {
    match outcome {
        Outcome::Transferred(count) => format!("ZX_OK, {count} bytes"),
        Outcome::Failed(status) => status.to_string(),
        Outcome::FailedAfter(status, count) => format!("{status}, after {count} bytes"),
        Outcome::Skipped(reason) => reason.to_owned(),
    }
}

pub(crate) fn applies_to(case: &Case, call: Call, target: TargetKind) -> bool {
    let needs_child = case.state != State::Initial;
    case.expect(call).is_some() && (target == TargetKind::Child || !needs_child)
}
