//! Measures what `write_memory` and `read_memory` add to the bare calls, on any kernel. The
//! program reads and writes its own memory.
//!
//! Each round times three batches: wrapped calls, bare calls, and bare calls again. The ratio of
//! the two bare batches is the resolution of the measurement. It does not include the effect of
//! where code and data are in memory, which is the same in all rounds.

#[cfg(any(target_os = "fuchsia", target_os = "linux"))]
mod wrapper {
    use std::hint::black_box;
    use std::sync::atomic::AtomicU8;
    use std::time::{Duration, Instant};
    use zx_process_memory::sys::{self, ZX_OK, zx_handle_t, zx_status_t, zx_vaddr_t};
    use zx_process_memory::{Process, Rights};

    const SIZES: [usize; 4] = [1, 64, 4 << 10, 64 << 10];
    const ROUNDS: usize = 303;
    /// Much longer than a read of the clock.
    const BATCH: Duration = Duration::from_millis(2);

    /// The memory that is written and read. It consists of atomics, since the kernel changes it
    /// while references to it exist, and it is separate from the buffers: see `Process::current`.
    static MEMORY: Memory = Memory([const { AtomicU8::new(0) }; 64 << 10]);

    /// Aligned to its size, so that no call crosses the end of a mapping.
    #[repr(align(65536))]
    struct Memory([AtomicU8; 64 << 10]);

    /// Calls `zx_process_write_memory` without any check.
    ///
    /// # Safety
    ///
    /// If `handle` refers to this process, the write must change only atomics, and not `bytes`.
    unsafe fn bare_write(
        handle: zx_handle_t,
        vaddr: zx_vaddr_t,
        bytes: &[u8],
    ) -> Result<usize, zx_status_t> {
        let mut actual = 0;
        let (buffer, len) = (bytes.as_ptr(), bytes.len());
        // SAFETY: `buffer` is readable for `len` bytes, and `actual` is writable. The caller
        // guarantees that the write to this process changes only atomics, and not `bytes`.
        let status =
            unsafe { sys::zx_process_write_memory(handle, vaddr, buffer, len, &raw mut actual) };
        if status == ZX_OK {
            Ok(actual)
        } else {
            Err(status)
        }
    }

    /// Calls `zx_process_read_memory` without any check.
    fn bare_read(
        handle: zx_handle_t,
        vaddr: zx_vaddr_t,
        buffer: &mut [u8],
    ) -> Result<usize, zx_status_t> {
        let mut actual = 0;
        let (buffer, len) = (buffer.as_mut_ptr(), buffer.len());
        // SAFETY: `buffer` is writable for `len` bytes, and `actual` is writable.
        let status =
            unsafe { sys::zx_process_read_memory(handle, vaddr, buffer, len, &raw mut actual) };
        if status == ZX_OK {
            Ok(actual)
        } else {
            Err(status)
        }
    }

    pub(crate) fn main() {
        // SAFETY: only `MEMORY` is written, which consists of atomics.
        let own = unsafe { Process::current() }.unwrap();
        // `READ_MEMORY` includes the right to write, which reads require as well.
        let process = own.duplicate(Rights::READ_MEMORY).unwrap();
        let (handle, vaddr) = (process.as_raw(), MEMORY.0.as_ptr().addr());
        println!("{ROUNDS} rounds; ratios are medians with their 95% confidence intervals");
        println!("| call | bare, ns | wrapped / bare | bare / bare |");
        println!("|---|---|---|---|");
        for size in SIZES {
            let bare = |bytes: &mut [u8]| {
                // SAFETY: the write changes only `MEMORY`, which consists of atomics.
                unsafe { bare_write(handle, vaddr, bytes) == Ok(size) }
            };
            let wrapped = |bytes: &mut [u8]| process.write_memory(vaddr, bytes) == Ok(size);
            row(&format!("write {size} B"), size, wrapped, bare);
        }
        for size in SIZES {
            let bare = |buffer: &mut [u8]| bare_read(handle, vaddr, buffer) == Ok(size);
            let wrapped = |buffer: &mut [u8]| process.read_memory(vaddr, buffer) == Ok(size);
            row(&format!("read {size} B"), size, wrapped, bare);
        }
    }

    /// Times `calls` calls of `succeeds`, each of which must return true.
    fn time(calls: u32, bytes: &mut [u8], succeeds: impl Fn(&mut [u8]) -> bool) -> Duration {
        let start = Instant::now();
        for _ in 0..calls {
            assert!(black_box(succeeds(bytes)), "a call failed or was short");
        }
        start.elapsed()
    }

    /// Measures one call at one size, and prints the result. All batches use the same buffer.
    fn row(
        name: &str,
        size: usize,
        wrapped: impl Fn(&mut [u8]) -> bool,
        bare: impl Fn(&mut [u8]) -> bool,
    ) {
        let bytes = &mut vec![0x5a; size][..];
        let mut calls = 1;
        while time(calls, bytes, &bare) < BATCH {
            calls *= 2;
        }
        let (mut bare_times, mut ratios, mut noise) = (Vec::new(), Vec::new(), Vec::new());
        for round in 0..ROUNDS {
            // Each batch is first, second and third equally often.
            let mut times = [Duration::ZERO; 3];
            for batch in (0..3).map(|turn| (turn + round) % 3) {
                times[batch] = if batch == 0 {
                    time(calls, bytes, &wrapped)
                } else {
                    time(calls, bytes, &bare)
                };
            }
            let [wrapped, bare, again] = times.map(|time| time.as_secs_f64());
            bare_times.push(bare * 1e9 / f64::from(calls));
            ratios.push(wrapped / bare);
            noise.push(again / bare);
        }
        let (_, bare, _) = median(bare_times);
        println!(
            "| {name} | {bare:.0} | {} | {} |",
            format_ratio(ratios),
            format_ratio(noise)
        );
    }

    /// The median, between the bounds of its 95% confidence interval. The interval is taken from
    /// the ranks, which requires that rounds are independent, but no particular distribution.
    fn median(mut sample: Vec<f64>) -> (f64, f64, f64) {
        sample.sort_by(f64::total_cmp);
        let middle = sample.len() / 2;
        // The bounds are 0.98 * sqrt(n) ranks below and above the median.
        let ranks = (sample.len() * 96 / 100).isqrt() + 1;
        (
            sample[middle - ranks],
            sample[middle],
            sample[middle + ranks],
        )
    }

    fn format_ratio(sample: Vec<f64>) -> String {
        let (low, middle, high) = median(sample);
        format!("{middle:.4} ({low:.4} to {high:.4})")
    }
}

#[cfg(any(target_os = "fuchsia", target_os = "linux"))]
fn main() {
    wrapper::main();
}

#[cfg(not(any(target_os = "fuchsia", target_os = "linux")))]
fn main() {
    println!("this benchmark supports only Fuchsia and Linux");
}
