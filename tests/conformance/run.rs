//! Makes a case true or finds out that it is not: by the raw call, and by the wrapper.

use super::call::{self, Answer, Way};
use super::case::{At, Call, Case, PAGE, State};
use super::expect::Outcome;
use super::image::{self, Image};
use super::kernel::Era;
use super::received;
use super::report::Row;
use super::target::{self, Skip, Target, Who, system};
use zx_process_memory::sys::zx_vaddr_t;

pub(crate) enum Verdict {
    Passed,
    Skipped(String),
    Failed(String),
}

/// Runs the case both ways, each on fresh memory.
pub(crate) fn run(case: &Case, call: Call, who: Who, era: Era) -> (Verdict, Row) {
    let mut row = Row::new(case.name, call, who);
    let right = case.expect(call).map(|expect| era.expects(&expect));
    let right = right.unwrap_or(Outcome::NotTried("the case is not about this call"));
    if let Outcome::NotTried(reason) = right {
        row.skipped = Some(reason.to_owned());
        return (Verdict::Skipped(reason.to_owned()), row);
    }
    for way in [Way::Raw, Way::Wrapper] {
        if !way.can_say(case) {
            continue;
        }
        match one(case, call, who, way, right) {
            Ok(zeroed) => {
                row.outcome = Some(right);
                row.zeroed |= zeroed;
            }
            Err(Problem::Skip(Skip(reason))) => {
                row.skipped = Some(reason.clone());
                return (Verdict::Skipped(reason), row);
            }
            Err(Problem::Wrong(seen, why)) => {
                row.outcome = Some(seen);
                row.wrong = Some(why.clone());
                return (Verdict::Failed(format!("{way:?}: {why}")), row);
            }
        }
    }
    (Verdict::Passed, row)
}

enum Problem {
    Skip(Skip),
    /// What the call answered, and what is wrong with that.
    Wrong(Outcome, String),
}

impl From<Skip> for Problem {
    fn from(skip: Skip) -> Self {
        Self::Skip(skip)
    }
}

/// Says whether a read put zeros behind what it read.
fn one(case: &Case, call: Call, who: Who, way: Way, right: Outcome) -> Result<bool, Problem> {
    let mut target = system::target(who)?;
    let base = target.lay_out(case)?;
    if call == Call::Read {
        target.fill(case);
    }
    let vaddr = address(case, base, &mut *target)?;
    let handle = target.handle(case.handle)?;
    target.enter(case.state)?;

    let mut answer = call::make(call, way, case.buffer, handle, vaddr);

    let seen = answer.outcome;
    let wrong = |why| Problem::Wrong(seen, why);
    if seen != right {
        let why = format!("{} is right, not {}", show(right), show(seen));
        return Err(wrong(why));
    }
    if let Some(actual) = answer.actual_on_error {
        let why = format!("{}, and yet it wrote {actual} to `actual`", show(right));
        return Err(wrong(why));
    }
    let count = match right {
        Outcome::Done(count) => count,
        _ => 0,
    };
    let (image, zeroed) = match call {
        Call::Write => (written(case, count), false),
        Call::Read => {
            let image = Image::filled(case.memory);
            let zeroed = check_buffer(case, &image, &mut answer, count).map_err(wrong)?;
            (image, zeroed)
        }
    };
    let contents = target.contents(case);
    if let Some(at) = contents.and_then(|contents| image.difference(&contents)) {
        let (page, byte) = (at / PAGE, at % PAGE);
        let why = format!("page {page} of those to be seen is wrong from byte {byte} on");
        return Err(wrong(why));
    }
    Ok(zeroed)
}

fn address(case: &Case, base: zx_vaddr_t, target: &mut dyn Target) -> Result<zx_vaddr_t, Skip> {
    Ok(match case.at {
        At::Offset(offset) => base.wrapping_add_signed(offset),
        At::Address(vaddr) => vaddr,
        At::VdsoStart => target.vdso()?.start,
        At::VdsoCode => target.vdso()?.code,
    })
}

/// What the memory holds after so many bytes were written.
fn written(case: &Case, count: usize) -> Image {
    let mut image = Image::zeroed(case.memory);
    if count != 0 {
        offset(case)
            .and_then(|at| image.write(at, &image::pattern(0, count)))
            .unwrap_or_else(|| panic!("{}: a write where nothing can be seen", case.name));
    }
    image
}

/// Says whether there are zeros behind the bytes that were read, which are the right ones.
fn check_buffer(
    case: &Case,
    image: &Image,
    answer: &mut Answer,
    count: usize,
) -> Result<bool, String> {
    let right = match case.at {
        _ if count == 0 => Some(Vec::new()),
        At::VdsoStart => Some(target::own_bytes(system::own_vdso().start, count)),
        At::VdsoCode => Some(target::own_bytes(system::own_vdso().code, count)),
        At::Offset(_) | At::Address(_) => offset(case).and_then(|at| image.read(at, count)),
    };
    let right = right.unwrap_or_else(|| panic!("{}: a read where nothing can be seen", case.name));
    if let Some(at) = image::first_difference(&right, &answer.buffer[..count]) {
        return Err(format!("of the {count} bytes read, that at {at} is wrong"));
    }
    received::rest(&mut answer.buffer, count)
        .map_err(|at| format!("behind {count} bytes, the buffer was changed from byte {at} on"))
}

fn offset(case: &Case) -> Option<usize> {
    match case.at {
        At::Offset(offset) => usize::try_from(offset).ok(),
        _ => None,
    }
}

fn show(outcome: Outcome) -> String {
    match outcome {
        Outcome::Done(count) => format!("ZX_OK, {count} bytes"),
        Outcome::Failed(status) => status.to_string(),
        Outcome::NotTried(reason) => reason.to_owned(),
    }
}

pub(crate) fn is_for(case: &Case, call: Call, who: Who) -> bool {
    let of_a_child = case.state != State::AsMade;
    case.expect(call).is_some() && (who == Who::Child || !of_a_child)
}
