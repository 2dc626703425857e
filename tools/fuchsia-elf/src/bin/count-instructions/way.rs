//! The way through a function that makes the call and no other.

use crate::code::{Instruction, Step};
use std::collections::{BTreeMap, VecDeque};

/// How many instructions are executed from the first one to a return, if the call is made on
/// the way and no other is. What is not this way is longer: a failure is handed to a
/// function.
pub(crate) fn shortest_through_the_call(function: &[Instruction]) -> Result<usize, String> {
    let index: BTreeMap<u64, usize> = (function.iter().map(|one| one.range.start))
        .zip(0..)
        .collect();
    let is_the_call = |one: &Instruction| one.step == Step::TheCall;
    let call = function
        .iter()
        .position(is_the_call)
        .ok_or("the call is not made")?;
    if function.iter().filter(|one| is_the_call(one)).count() != 1 {
        return Err("the call stands there more than once".to_owned());
    }
    let before = shortest(function, &index, 0, |at| at == call)?;
    let after = shortest(function, &index, call + 1, |at| {
        function[at].step == Step::Return
    })?;
    Ok(before + after)
}

/// How many instructions there are from one to another, both included.
fn shortest(
    function: &[Instruction],
    index: &BTreeMap<u64, usize>,
    from: usize,
    is_end: impl Fn(usize) -> bool,
) -> Result<usize, String> {
    let mut seen = vec![false; function.len()];
    let mut ways = VecDeque::from([(from, 1)]);
    while let Some((at, count)) = ways.pop_front() {
        if at >= function.len() || std::mem::replace(&mut seen[at], true) {
            continue;
        }
        if is_end(at) {
            return Ok(count);
        }
        let to = |target: u64| index.get(&target).copied();
        let next = match function[at].step {
            Step::Next => [Some(at + 1), None],
            Step::Branch(target) => [Some(at + 1), to(target)],
            Step::Jump(target) => [to(target), None],
            Step::TheCall | Step::OtherCall | Step::Return => [None, None],
        };
        ways.extend(next.into_iter().flatten().map(|next| (next, count + 1)));
    }
    Err("there is no way from the first instruction over the call to the last".to_owned())
}

#[cfg(test)]
mod tests {
    use super::shortest_through_the_call;
    use crate::code::{Instruction, Step};

    fn function(steps: &[Step]) -> Vec<Instruction> {
        let one = |(at, step): (u64, &Step)| Instruction {
            range: at..at + 1,
            step: *step,
        };
        (0..).zip(steps).map(one).collect()
    }

    #[test]
    fn the_way_that_succeeds_is_counted_and_no_other() {
        use Step::{Branch, Jump, Next, OtherCall, Return, TheCall};
        // Refused before the call, failed after it, and the way between.
        let steps = [
            Branch(7),
            Next,
            TheCall,
            Branch(5),
            Return,
            OtherCall,
            Jump(4),
            Return,
        ];
        assert_eq!(shortest_through_the_call(&function(&steps)), Ok(5));
        let straight = [Next, TheCall, Next, Next, Return];
        assert_eq!(shortest_through_the_call(&function(&straight)), Ok(5));
    }

    #[test]
    fn a_function_without_the_call_has_no_way() {
        use Step::{Next, OtherCall, Return, TheCall};
        for steps in [
            &[Next, Return][..],
            &[OtherCall, TheCall, Return],
            &[TheCall, Next],
            &[TheCall, TheCall, Return],
        ] {
            assert!(shortest_through_the_call(&function(steps)).is_err());
        }
    }
}
