//! The shortest path through a function that makes the call.

use crate::disassembly::{ControlFlow, Instruction};
use std::collections::{BTreeMap, VecDeque};

/// Counts the instructions on the shortest path from the entry of the function through its one
/// call of `zx_process_write_memory` to a return. The path contains no other call.
///
/// This is the successful path. A failing path is longer, or it calls another function or
/// returns without the call.
pub(crate) fn shortest_path_through_call(function: &[Instruction]) -> Result<usize, String> {
    let index: BTreeMap<u64, usize> = (function.iter())
        .map(|instruction| instruction.range.start)
        .zip(0..)
        .collect();
    let is_write_memory_call =
        |instruction: &Instruction| instruction.flow == ControlFlow::WriteMemoryCall;
    let call = function
        .iter()
        .position(is_write_memory_call)
        .ok_or("no call of zx_process_write_memory")?;
    if function[call + 1..].iter().any(is_write_memory_call) {
        return Err("more than one call of zx_process_write_memory".to_owned());
    }
    let before = shortest_path(function, &index, 0, |at| at == call)?;
    let after = shortest_path(function, &index, call + 1, |at| {
        function[at].flow == ControlFlow::Return
    })?;
    Ok(before + after)
}

/// Counts the instructions from `from` to the nearest one for which `is_end` holds, including
/// both.
fn shortest_path(
    function: &[Instruction],
    index: &BTreeMap<u64, usize>,
    from: usize,
    is_end: impl Fn(usize) -> bool,
) -> Result<usize, String> {
    let mut visited = vec![false; function.len()];
    let mut queue = VecDeque::from([(from, 1)]);
    while let Some((at, count)) = queue.pop_front() {
        if at >= function.len() || std::mem::replace(&mut visited[at], true) {
            continue;
        }
        if is_end(at) {
            return Ok(count);
        }
        let to = |target: u64| index.get(&target).copied();
        let next = match function[at].flow {
            ControlFlow::Next => [Some(at + 1), None],
            ControlFlow::Branch(target) => [Some(at + 1), to(target)],
            ControlFlow::Jump(target) => [to(target), None],
            ControlFlow::WriteMemoryCall | ControlFlow::OtherCall | ControlFlow::Return => {
                [None, None]
            }
        };
        queue.extend(next.into_iter().flatten().map(|next| (next, count + 1)));
    }
    Err("no path from the entry through the call to a return".to_owned())
}

#[cfg(test)]
mod tests {
    use super::shortest_path_through_call;
    use crate::disassembly::{ControlFlow, Instruction};

    fn function(flows: &[ControlFlow]) -> Vec<Instruction> {
        let instruction = |(at, flow): (u64, &ControlFlow)| Instruction {
            range: at..at + 1,
            flow: *flow,
        };
        (0..).zip(flows).map(instruction).collect()
    }

    #[test]
    fn only_the_successful_path_is_counted() {
        use ControlFlow::{Branch, Jump, Next, OtherCall, Return, WriteMemoryCall};
        // The first branch refuses the arguments, the second handles a failure.
        let flows = [
            Branch(7),
            Next,
            WriteMemoryCall,
            Branch(5),
            Return,
            OtherCall,
            Jump(4),
            Return,
        ];
        assert_eq!(shortest_path_through_call(&function(&flows)), Ok(5));
        let straight = [Next, WriteMemoryCall, Next, Next, Return];
        assert_eq!(shortest_path_through_call(&function(&straight)), Ok(5));
    }

    #[test]
    fn function_without_exactly_one_reachable_call_is_an_error() {
        use ControlFlow::{Next, OtherCall, Return, WriteMemoryCall};
        for flows in [
            &[Next, Return][..],
            &[OtherCall, WriteMemoryCall, Return],
            &[WriteMemoryCall, Next],
            &[WriteMemoryCall, WriteMemoryCall, Return],
        ] {
            assert!(shortest_path_through_call(&function(flows)).is_err());
        }
    }
}
