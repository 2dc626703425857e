//! The log names the cause if Linux refuses an access to a page that is mapped.

use super::debuggee::{Debuggee, Page, Refused, page_size};
use super::subprocess;
use log::{LevelFilter, Log, Metadata, Record};
use std::sync::Mutex;
use zx_process_memory::Status;

struct Lines(Mutex<Vec<String>>);

static LINES: Lines = Lines(Mutex::new(Vec::new()));

impl Log for Lines {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        self.0.lock().unwrap().push(record.args().to_string());
    }

    fn flush(&self) {}
}

/// Calls `access`, which fails, and asserts that the log contains each of these texts.
fn assert_logged(texts: &[&str], access: impl FnOnce()) {
    LINES.0.lock().unwrap().clear();
    access();
    let lines = LINES.0.lock().unwrap();
    let is_logged = |text: &&str| lines.iter().any(|line| line.contains(*text));
    assert!(texts.iter().all(is_logged), "{lines:?}");
}

fn assert_refused(refused: Refused, texts: &[&str]) {
    log::set_logger(&LINES).unwrap();
    log::set_max_level(LevelFilter::Debug);
    let mut debuggee = Debuggee::start();
    let Some(base) = debuggee.lay_out_refused(refused) else {
        subprocess::skip("this Linux has no such pages, or it does not allow them");
    };
    let process = debuggee.process();
    for len in [1, 2 * page_size()] {
        assert_logged(texts, || {
            let read = process.read_memory(base, &mut vec![0; len]);
            assert_eq!(read, Err(Status::AccessDenied), "{len} bytes");
        });
        assert_logged(texts, || {
            let written = process.write_memory(base, &vec![0; len]);
            assert_eq!(written, Err(Status::AccessDenied), "{len} bytes");
        });
    }
}

pub(crate) fn guard_region_is_access_denied() {
    assert_refused(Refused::GuardRegion, &["guard region"]);
}

/// The file has bytes there.
pub(crate) fn guard_region_of_a_file_is_access_denied() {
    assert_refused(Refused::GuardRegionOfFile, &["guard region"]);
}

pub(crate) fn secret_memory_is_access_denied() {
    assert_refused(Refused::Secret, &["secret memory"]);
}

/// Linux does not show this cause, so it is listed with others.
pub(crate) fn page_that_a_userfaultfd_has_not_supplied_is_access_denied() {
    assert_refused(
        Refused::MissingInUserfaultfd,
        &["possible causes", "userfaultfd"],
    );
}

pub(crate) fn other_refusals_have_their_own_causes() {
    log::set_logger(&LINES).unwrap();
    log::set_max_level(LevelFilter::Debug);
    let mut debuggee = Debuggee::start();
    let read_only = debuggee.lay_out(&[Page::SharedReadOnly]);
    let past_end = debuggee.lay_out(&[Page::PastFileEnd]);
    let process = debuggee.process();
    assert_logged(&["the mapping is shared and read-only"], || {
        let written = process.write_memory(read_only, &[1]);
        assert_eq!(written, Err(Status::AccessDenied));
    });
    assert_logged(&["the file has no bytes there"], || {
        let written = process.write_memory(past_end, &[1]);
        assert_eq!(written, Err(Status::OutOfRange));
    });
    let vvar = debuggee.mapping("[vvar]").start;
    assert_logged(&["[vvar]"], || {
        let read = process.read_memory(vvar, &mut [0]);
        assert_eq!(read, Err(Status::AccessDenied));
    });
}
