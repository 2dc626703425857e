use std::process::Child;

/// A child process that is killed on drop, so that a failed test leaves no process.
pub(crate) struct ChildProcess(pub(crate) Child);

impl Drop for ChildProcess {
    fn drop(&mut self) {
        // Both fail if the child has ended and was waited for.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
