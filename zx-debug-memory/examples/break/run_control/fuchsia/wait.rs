//! Waits, and the end of the process.

use super::handle::check;
use super::{Result, Thread, Traced};
use fuchsia_zircon_sys as zx;
use zx_process_memory::Status;
use zx_process_memory::sys::zx_handle_t;

/// How long the end of a process takes after its threads were killed, in nanoseconds. Calls on the process
/// fail meanwhile.
pub(super) const AFTER_ERROR: i64 = 100_000_000;

impl Traced {
    /// Waits for an exception, or for the end of the process or the thread. Returns whether one of them has
    /// ended.
    pub(super) fn wait(&self, thread: Option<&Thread>) -> Result<bool> {
        let item = |handle, waitfor| zx::zx_wait_item_t {
            handle,
            waitfor,
            pending: 0,
        };
        let mut items = vec![
            item(self.channel.0, zx::ZX_CHANNEL_READABLE),
            item(self.process.as_raw(), zx::ZX_PROCESS_TERMINATED),
        ];
        items.extend(thread.map(|thread| item(thread.0.0, zx::ZX_THREAD_TERMINATED)));
        // SAFETY: the items are valid for reads and writes of their number.
        let raw = unsafe {
            zx::zx_object_wait_many(items.as_mut_ptr(), items.len(), zx::ZX_TIME_INFINITE)
        };
        check("zx_object_wait_many", raw)?;
        let has_ended = |item: &zx::zx_wait_item_t| item.pending & item.waitfor != 0;
        Ok(items[1..].iter().any(has_ended))
    }

    /// Waits for an exception, but not longer than this.
    pub(super) fn wait_shortly(&self, nanoseconds: i64) {
        wait_one(self.channel.0, zx::ZX_CHANNEL_READABLE, nanoseconds);
    }

    /// Whether the process has ended. Waits for it, but not longer than this.
    pub(super) fn has_ended(&self, nanoseconds: i64) -> bool {
        let process = self.process.as_raw();
        wait_one(process, zx::ZX_PROCESS_TERMINATED, nanoseconds)
    }

    /// The status with which the process has ended.
    pub(super) fn return_code(&self) -> Result<i64> {
        /// `ZX_INFO_PROCESS` of kernels until 2021. The return code is the first field in both.
        const OLD_TOPIC: u32 = 3;
        let mut result = Err(Status::NotSupported);
        for topic in [zx::ZX_INFO_PROCESS, OLD_TOPIC] {
            let mut info = [0; 4];
            result = info_of(self.process.as_raw(), topic, &mut info).map(|_| info[0]);
            if result.is_ok() {
                break;
            }
        }
        let code = result.map_err(|status| format!("ZX_INFO_PROCESS: {status}"))?;
        Ok(i64::from_ne_bytes(code.to_ne_bytes()))
    }
}

fn wait_one(handle: zx_handle_t, signals: u32, nanoseconds: i64) -> bool {
    let none = std::ptr::null_mut();
    // SAFETY: the call takes no pointer.
    let deadline = unsafe { zx::zx_deadline_after(nanoseconds) };
    // SAFETY: the call allows a null out-pointer for the observed signals.
    let raw = unsafe { zx::zx_object_wait_one(handle, signals, deadline, none) };
    Status::ok(raw).is_ok()
}

/// Information about an object: one record, or several of 8 bytes. Returns the number of records that
/// exist.
pub(super) fn info_of(
    handle: zx_handle_t,
    topic: u32,
    records: &mut [u64],
) -> std::result::Result<usize, Status> {
    let (mut actual, mut available) = (0, 0);
    // SAFETY: `records` is valid for writes of its size, and both counts for a write.
    let raw = unsafe {
        let (to, size) = (records.as_mut_ptr().cast(), size_of_val(records));
        zx::zx_object_get_info(handle, topic, to, size, &raw mut actual, &raw mut available)
    };
    Status::ok(raw).map(|()| available)
}
