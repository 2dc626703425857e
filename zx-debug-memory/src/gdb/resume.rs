use gdbstub::common::Signal;
use gdbstub::conn::Connection;
use gdbstub::stub::SingleThreadStopReason;
use std::fmt::Write;

/// What the debugger's user reads.
const MESSAGE: &str = "this server does not run the target: the command had no effect, and the \
                       SIGINT comes from the server\n";

/// Tells the debugger's user that a [`MemoryTarget`](super::MemoryTarget) does not run, and returns
/// the stop to report.
///
/// Call it when the stub is
/// [`Running`](gdbstub::stub::state_machine::GdbStubStateMachine::Running), that is after commands
/// such as `continue` and `stepi`.
///
/// The stop is a `SIGINT`, as if the user had interrupted the process at once. It ends every
/// command: after a stop that reports a step (`SIGTRAP`, or no signal) lldb 14 to 22 step again
/// without end, because the program counter has not changed. An error reply ends lldb's session.
///
/// # Errors
///
/// The connection's error, if the message cannot be sent.
///
/// ```
/// use gdbstub::conn::Connection;
/// use gdbstub::stub::state_machine::GdbStubStateMachine;
/// use zx_debug_memory::gdb::{self, MemoryTarget, X86_64};
/// use zx_process_memory::Process;
///
/// type Debugger = MemoryTarget<Process, X86_64>;
///
/// fn answer<'a, C: Connection<Error = std::io::Error>>(
///     stub: GdbStubStateMachine<'a, Debugger, C>,
///     debugger: &mut Debugger,
/// ) -> Result<GdbStubStateMachine<'a, Debugger, C>, Box<dyn std::error::Error>> {
///     Ok(match stub {
///         GdbStubStateMachine::Running(mut stub) => {
///             let stop = gdb::refuse_resume(stub.borrow_conn())?;
///             stub.report_stop(debugger, stop)?
///         }
///         stub => stub, // The other states
///     })
/// }
/// ```
pub fn refuse_resume<C: Connection>(
    connection: &mut C,
) -> Result<SingleThreadStopReason<u64>, C::Error> {
    // Console output: `O` and the text in hex.
    let mut content = String::from("O");
    for byte in MESSAGE.bytes() {
        // A `String` accepts every write.
        let _ = write!(content, "{byte:02x}");
    }
    let sum = content.bytes().fold(0, u8::wrapping_add);
    connection.write_all(format!("${content}#{sum:02x}").as_bytes())?;
    connection.flush()?;
    Ok(SingleThreadStopReason::Signal(Signal::SIGINT))
}
