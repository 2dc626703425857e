//! Reads one ELF image: its headers, and the few parts that they refer to.

use super::elf::{self, Class, Header, Phdr};
use super::loaded::is_loaded;
use super::reader::{PIECE_LEN, Reader};
use crate::{BuildId, Mapping, MemoryMap, Module, Permissions, ReadMemory, Segment};
use object::elf as constants;
use object::elf::ProgramFlags;
use std::ops::Range;

/// The greatest number of program headers. An image with more is not a module. elf-search's limit is 16
/// (read in the source), and usual are 4 to 14.
const MAX_PROGRAM_HEADERS: usize = 64;

/// The greatest number of `PT_NOTE` that are searched for the build ID. Usual are 1 or 2.
const MAX_NOTE_SEGMENTS: usize = 8;

/// The greatest length of a soname, in bytes, with the 0 at its end. elf-search has the same limit (read
/// in the source).
const MAX_SONAME_LEN: usize = 256;

const _: () = assert!(MAX_PROGRAM_HEADERS * Class::Elf64.phentsize() <= PIECE_LEN);

/// Reads the image that begins with the mapping. Returns `None` if none does.
pub(super) fn read<M: ReadMemory + ?Sized>(
    map: &MemoryMap,
    mapping: &Mapping,
    reader: &mut Reader<'_, M>,
) -> Option<Module> {
    let header = Header::parse(reader.begin(&mapping.range))?;
    let class = header.class;
    let table_len = usize::from(header.phnum).checked_mul(class.phentsize())?;
    if usize::from(header.phnum) > MAX_PROGRAM_HEADERS {
        return None;
    }
    let table_start = usize::try_from(header.phoff).ok()?;
    let table_start = mapping.range.start.checked_add(table_start)?;
    let table = table_start..table_start.checked_add(table_len)?;
    let phdrs = class.program_headers(reader.read(&table));
    if phdrs.len() != usize::from(header.phnum) {
        return None;
    }

    let loads = phdrs.iter().filter(|phdr| phdr.kind == constants::PT_LOAD);
    // Loaders ignore empty segments.
    let loads: Vec<_> = loads.filter(|phdr| phdr.memsz > 0).collect();
    let layout = Layout::new(mapping, &loads)?;
    let is_in = |segment: &Segment| is_within(&table, &segment.range);
    if !layout.segments.first().is_some_and(is_in) || !is_loaded(map, mapping, &layout, &loads) {
        return None;
    }

    let first = |kind| phdrs.iter().find(|phdr| phdr.kind == kind);
    let range_of = |kind| first(kind).and_then(|phdr| layout.range(phdr.vaddr, phdr.memsz));
    let dynamic = range_of(constants::PT_DYNAMIC);
    let soname = dynamic
        .as_ref()
        .and_then(|dynamic| soname(class, dynamic, &layout, reader));
    Some(Module {
        soname,
        build_id: build_id(&phdrs, &layout, reader),
        entry: (header.entry != 0)
            .then(|| layout.range(header.entry, 1))
            .flatten()
            .map(|entry| entry.start),
        eh_frame_hdr: range_of(constants::PT_GNU_EH_FRAME),
        program_headers: table,
        dynamic,
        bias: layout.bias,
        segments: layout.segments,
    })
}

/// Where the segments are in the process.
pub(super) struct Layout {
    pub(super) bias: usize,
    pub(super) segments: Vec<Segment>,
}

impl Layout {
    /// Returns `None` if the first segment does not begin in the mapping, if the segments are not in
    /// order, or if one of them ends after the last address.
    fn new(mapping: &Mapping, loads: &[&Phdr]) -> Option<Self> {
        let first = loads.first()?;
        let start = usize::try_from(first.offset).ok()?;
        let start = mapping.range.start.checked_add(start)?;
        if !mapping.range.contains(&start) {
            return None;
        }
        let bias = start.wrapping_sub(usize::try_from(first.vaddr).ok()?);
        let segment = |phdr: &&Phdr| {
            let start = usize::try_from(phdr.vaddr).ok()?.wrapping_add(bias);
            let end = start.checked_add(usize::try_from(phdr.memsz).ok()?)?;
            let (range, permissions) = (start..end, permissions(phdr.flags));
            Some(Segment { range, permissions })
        };
        let segments = loads.iter().map(segment).collect::<Option<Vec<_>>>()?;
        let mut pairs = segments.windows(2);
        let is_ordered = pairs.all(|pair| match pair {
            [before, after] => before.range.end <= after.range.start,
            _ => true,
        });
        is_ordered.then_some(Self { bias, segments })
    }

    /// Converts a range of the file's addresses. Returns `None` if it is not in one segment.
    fn range(&self, vaddr: u64, len: u64) -> Option<Range<usize>> {
        let start = usize::try_from(vaddr).ok()?.wrapping_add(self.bias);
        let range = start..start.checked_add(usize::try_from(len).ok()?)?;
        self.rest_of_segment(start)
            .is_some_and(|rest| range.end <= rest.end)
            .then_some(range)
    }

    /// Returns the range from the address to the end of its segment.
    fn rest_of_segment(&self, vaddr: usize) -> Option<Range<usize>> {
        let mut segments = self.segments.iter();
        let segment = segments.find(|segment| segment.range.contains(&vaddr))?;
        Some(vaddr..segment.range.end)
    }
}

fn is_within(inner: &Range<usize>, outer: &Range<usize>) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}

fn permissions(flags: ProgramFlags) -> Permissions {
    let all = [
        (constants::PF_R, Permissions::READ),
        (constants::PF_W, Permissions::WRITE),
        (constants::PF_X, Permissions::EXECUTE),
    ];
    let set = all.into_iter().filter(|(flag, _)| flags.0 & flag.0 != 0);
    set.map(|(_, permission)| permission).collect()
}

fn build_id<M: ReadMemory + ?Sized>(
    phdrs: &[Phdr],
    layout: &Layout,
    reader: &mut Reader<'_, M>,
) -> Option<BuildId> {
    let notes = phdrs.iter().filter(|phdr| phdr.kind == constants::PT_NOTE);
    notes.take(MAX_NOTE_SEGMENTS).find_map(|phdr| {
        let notes = reader.read(&layout.range(phdr.vaddr, phdr.filesz)?);
        BuildId::new(elf::build_id_note(notes, phdr.align)?)
    })
}

fn soname<M: ReadMemory + ?Sized>(
    class: Class,
    dynamic: &Range<usize>,
    layout: &Layout,
    reader: &mut Reader<'_, M>,
) -> Option<String> {
    let entries = reader.read(dynamic);
    let value = |tag| class.dynamic_value(entries, tag);
    let offset = value(constants::DT_SONAME)?;
    let rest = value(constants::DT_STRSZ)?.checked_sub(offset)?;
    let table = string_table(value(constants::DT_STRTAB)?, layout)?;
    let start = table.checked_add(usize::try_from(offset).ok()?)?;
    let max_len = usize::try_from(rest).map_or(MAX_SONAME_LEN, |rest| rest.min(MAX_SONAME_LEN));
    let end = layout.rest_of_segment(start)?.end;
    let text = reader.read(&(start..end.min(start.saturating_add(max_len))));
    let len = text.iter().position(|byte| *byte == 0)?;
    let text = String::from_utf8_lossy(text.get(..len)?);
    (!text.is_empty()).then(|| text.into_owned())
}

/// Returns the address of the string table, from the value of `DT_STRTAB`.
///
/// glibc adds the load bias to the value in memory, unless the section is read-only. musl and bionic do
/// not (elf-search has the same rule), and Linux does not for its vDSO. The value is an address of the
/// process if it is in the module. Otherwise it is one of the file.
fn string_table(value: u64, layout: &Layout) -> Option<usize> {
    let relocated = usize::try_from(value).ok()?;
    let is_in_module = |vaddr: &usize| layout.rest_of_segment(*vaddr).is_some();
    let both = [relocated, relocated.wrapping_add(layout.bias)];
    both.into_iter().find(is_in_module)
}
