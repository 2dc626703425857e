//! What `write_memory` and `read_memory` add to the bare calls on whatever kernel runs this:
//! in one run, turn about, in this process's own memory.
//!
//! Each round times a batch of calls by each way, and of the bare call a second one: by how
//! much the two differ is what the clock cannot tell. (Where code and data happen to lie is the
//! same in all rounds; that it does not show.)

#[cfg(any(target_os = "fuchsia", target_os = "linux"))]
mod wrapper {
    use std::hint::black_box;
    use std::sync::atomic::AtomicU8;
    use std::time::{Duration, Instant};
    use zx_process_memory::sys::{self, ZX_OK, zx_handle_t, zx_status_t, zx_vaddr_t};
    use zx_process_memory::{Process, Rights};

    const SIZES: [usize; 4] = [1, 64, 4 << 10, 64 << 10];
    const ROUNDS: usize = 303;
    /// Long beside what reading the clock takes.
    const BATCH: Duration = Duration::from_millis(2);

    /// What is written and read: atomics, which may change at any time. Not where the bytes
    /// come from: see `Process::current`.
    static MEMORY: Memory = Memory([const { AtomicU8::new(0) }; 64 << 10]);

    /// Aligned, so that none of the calls ends at a mapping's end.
    #[repr(align(65536))]
    struct Memory([AtomicU8; 64 << 10]);

    /// What anyone would write by hand, without a check.
    ///
    /// # Safety
    ///
    /// As for the call.
    unsafe fn bare_write(
        handle: zx_handle_t,
        vaddr: zx_vaddr_t,
        bytes: &[u8],
    ) -> Result<usize, zx_status_t> {
        let mut actual = 0;
        let (buffer, len) = (bytes.as_ptr(), bytes.len());
        // SAFETY: `bytes` is readable for its length and `actual` writable; the rest is the
        // caller's.
        let status =
            unsafe { sys::zx_process_write_memory(handle, vaddr, buffer, len, &raw mut actual) };
        if status == ZX_OK {
            Ok(actual)
        } else {
            Err(status)
        }
    }

    fn bare_read(
        handle: zx_handle_t,
        vaddr: zx_vaddr_t,
        buffer: &mut [u8],
    ) -> Result<usize, zx_status_t> {
        let mut actual = 0;
        let (buffer, len) = (buffer.as_mut_ptr(), buffer.len());
        // SAFETY: `buffer` is writable for its length, as `actual` is.
        let status =
            unsafe { sys::zx_process_read_memory(handle, vaddr, buffer, len, &raw mut actual) };
        if status == ZX_OK {
            Ok(actual)
        } else {
            Err(status)
        }
    }

    pub(crate) fn main() {
        // SAFETY: only `MEMORY` is written, which is atomics.
        let own = unsafe { Process::current() }.unwrap();
        // Reading wants the right to write as well.
        let process = own.duplicate(Rights::READ_MEMORY).unwrap();
        let (handle, vaddr) = (process.as_raw(), MEMORY.0.as_ptr().addr());
        println!("{ROUNDS} rounds; a ratio with the 95% interval of its median");
        println!("| call | bare, ns | wrapped / bare | bare / bare |");
        println!("|---|---|---|---|");
        for size in SIZES {
            let bare = |bytes: &mut [u8]| {
                // SAFETY: only `MEMORY` is written, and not `bytes`.
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

    fn time(calls: u32, bytes: &mut [u8], is_done: impl Fn(&mut [u8]) -> bool) -> Duration {
        let start = Instant::now();
        for _ in 0..calls {
            assert!(black_box(is_done(bytes)), "not all was written or read");
        }
        start.elapsed()
    }

    /// Both ways have the same buffer.
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
        let (mut whole, mut ratios, mut noise) = (Vec::new(), Vec::new(), Vec::new());
        for round in 0..ROUNDS {
            // Each way is first, second and third equally often.
            let mut times = [Duration::ZERO; 3];
            for way in (0..3).map(|turn| (turn + round) % 3) {
                times[way] = if way == 0 {
                    time(calls, bytes, &wrapped)
                } else {
                    time(calls, bytes, &bare)
                };
            }
            let [wrapped, bare, again] = times.map(|time| time.as_secs_f64());
            whole.push(bare * 1e9 / f64::from(calls));
            ratios.push(wrapped / bare);
            noise.push(again / bare);
        }
        let (_, bare, _) = median(whole);
        println!(
            "| {name} | {bare:.0} | {} | {} |",
            shown(ratios),
            shown(noise)
        );
    }

    /// With the interval in which the median of all possible rounds is with 95% certainty, by
    /// the ranks alone: nothing is known of how times are spread, but that no round depends on
    /// another.
    fn median(mut sample: Vec<f64>) -> (f64, f64, f64) {
        sample.sort_by(f64::total_cmp);
        let middle = sample.len() / 2;
        // 0.98 times the root of their number, to either side.
        let ranks = (sample.len() * 96 / 100).isqrt() + 1;
        (
            sample[middle - ranks],
            sample[middle],
            sample[middle + ranks],
        )
    }

    fn shown(sample: Vec<f64>) -> String {
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
    println!("There is no kernel to time on this target.");
}
