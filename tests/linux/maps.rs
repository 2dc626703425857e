//! `ZX_INFO_PROCESS_MAPS`, which the Linux backend makes from /proc/PID/maps.

use super::debuggee::{Debuggee, Page, page_size};
use std::ptr::null_mut;
use zx_process_memory::sys::{
    self, ZX_INFO_MAPS_TYPE_ASPACE, ZX_INFO_MAPS_TYPE_MAPPING, ZX_INFO_MAPS_TYPE_VMAR,
    ZX_INFO_PROCESS_MAPS_V1, zx_info_maps_v1_t,
};
use zx_process_memory::{Process, Rights, Status};

/// The records that the call stored, and the number of records that exist.
fn maps(process: &Process, capacity: usize) -> Result<(Vec<zx_info_maps_v1_t>, usize), Status> {
    let mut records = vec![zx_info_maps_v1_t::default(); capacity];
    let (mut actual, mut avail) = (0, 0);
    let (buffer, size) = (records.as_mut_ptr().cast(), size_of_val(&records[..]));
    // SAFETY: `buffer` is valid for writes of `size` bytes, and both counts are valid for writes.
    Status::ok(unsafe {
        let (handle, topic) = (process.as_raw(), ZX_INFO_PROCESS_MAPS_V1);
        sys::zx_object_get_info(handle, topic, buffer, size, &raw mut actual, &raw mut avail)
    })?;
    assert!(actual <= capacity);
    records.truncate(actual);
    Ok((records, avail))
}

pub(crate) fn records_match_proc_maps() {
    let mut debuggee = Debuggee::start();
    let base = debuggee.lay_out(&[Page::ReadWrite, Page::ReadExecute, Page::NoPermission]);
    let (records, avail) = maps(&debuggee.process(), 1000).unwrap();
    assert_eq!(records.len(), avail);
    let kinds = records.iter().map(|record| (record.type_, record.depth));
    let mapping = (ZX_INFO_MAPS_TYPE_MAPPING, 2);
    let expected = [(ZX_INFO_MAPS_TYPE_ASPACE, 0), (ZX_INFO_MAPS_TYPE_VMAR, 1)];
    assert!(
        kinds.eq(expected
            .into_iter()
            .chain(std::iter::repeat_n(mapping, avail - 2)))
    );

    let at = |vaddr| {
        records
            .iter()
            .find(|record| record.depth == 2 && record.base == vaddr)
    };
    for (page, flags) in [(0, 3), (1, 5), (2, 0)] {
        let record = at(base + page * page_size()).unwrap();
        assert_eq!(
            (record.size, record.mapping.mmu_flags),
            (page_size(), flags)
        );
        assert_eq!((record.name, record.mapping.vmo_koid), ([0; 32], 0));
    }
    let vdso = debuggee.mapping("[vdso]");
    let record = at(vdso.start).unwrap();
    assert_eq!(
        (record.size, &record.name[..7]),
        (vdso.len(), &b"[vdso]\0"[..])
    );

    // A file-backed mapping has the file's name without its directory, cut to 31 bytes as in
    // Zircon, and the inode number as the VMO's koid.
    let file_name = std::env::current_exe().unwrap();
    let file_name = file_name.file_name().unwrap().as_encoded_bytes();
    let file_name = &file_name[..file_name.len().min(31)];
    let of_program = records
        .iter()
        .filter(|record| record.name.starts_with(file_name));
    let koids: Vec<_> = of_program.map(|record| record.mapping.vmo_koid).collect();
    assert!(koids.len() > 1 && koids[0] != 0 && koids.windows(2).all(|two| two[0] == two[1]));
}

pub(crate) fn small_buffer_receives_first_records() {
    let debuggee = Debuggee::start();
    let process = debuggee.process();
    let (all, avail) = maps(&process, 1000).unwrap();
    for capacity in [0, 1, 5] {
        assert_eq!(
            maps(&process, capacity),
            Ok((all[..capacity].to_vec(), avail))
        );
    }
    // A buffer smaller than one record receives no record.
    let mut record = [0; 95];
    let (mut actual, mut avail) = (7, 7);
    // SAFETY: `buffer` is valid for writes of 95 bytes, and both counts are valid for writes.
    let raw = unsafe {
        let (handle, topic) = (process.as_raw(), ZX_INFO_PROCESS_MAPS_V1);
        let buffer = record.as_mut_ptr();
        sys::zx_object_get_info(handle, topic, buffer, 95, &raw mut actual, &raw mut avail)
    };
    assert_eq!((Status::ok(raw), actual, avail), (Ok(()), 0, all.len()));
    // SAFETY: the call rejects a null buffer before it writes, and allows null counts.
    let raw = unsafe {
        let (handle, topic) = (process.as_raw(), ZX_INFO_PROCESS_MAPS_V1);
        sys::zx_object_get_info(handle, topic, null_mut(), 96, null_mut(), null_mut())
    };
    assert_eq!(Status::ok(raw), Err(Status::InvalidArgs));
}

pub(crate) fn inspect_right_is_required() {
    let debuggee = Debuggee::start();
    let process = debuggee.process();
    let without_inspect = process.rights().unwrap() & !Rights::INSPECT;
    let without_inspect = process.duplicate(without_inspect).unwrap();
    assert_eq!(maps(&without_inspect, 1000), Err(Status::AccessDenied));
    let enough = process.duplicate(Rights::INSPECT).unwrap();
    assert_eq!(maps(&enough, 1000), maps(&process, 1000));
}

pub(crate) fn ended_process_is_bad_state() {
    let mut debuggee = Debuggee::start();
    let process = debuggee.process();
    debuggee.kill_and_wait();
    assert_eq!(maps(&process, 1000), Err(Status::BadState));
}
