//! Checks the programs that `ci/fuchsia.sh` links for Fuchsia: their file type, their loader,
//! their libraries and their import of `zx_process_write_memory`.
//!
//!     fuchsia-elf PROGRAM...
//!
//! The programs are linked against stubs. The checks therefore cover the names of the imports and
//! the shape of the files. They do not cover whether the libraries of an SDK export these names.

use libtest_mimic::{Arguments, Failed, Trial};
use object::elf::{DT_NEEDED, ET_DYN, FileHeader64, PT_INTERP, SHF_EXECINSTR};
use object::read::elf::{Dyn, ElfFile64, FileHeader, ProgramHeader};
use object::{Endianness, Object, ObjectSection, ObjectSymbol, RelocationTarget, SectionFlags};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

/// Parts of the paths of the programs that write memory.
const WRITERS: [&str; 6] = [
    "/examples/poke",
    "/examples/patch",
    "/examples/gdbserver",
    "/deps/log-",
    "/deps/conformance-",
    "/deps/debugger-",
];

const WRITE_MEMORY: &str = "zx_process_write_memory";

type Elf<'data> = ElfFile64<'data, Endianness>;

fn main() -> ExitCode {
    let programs: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
    if programs.is_empty() {
        eprintln!("usage: fuchsia-elf PROGRAM... (`bash ci/fuchsia.sh` links them)");
        return ExitCode::from(2);
    }
    let mut tests: Vec<Trial> = programs.iter().flat_map(|path| trials(path)).collect();
    let targets = ["x86_64", "aarch64", "riscv64"];
    let is_built = |part: &str| {
        programs
            .iter()
            .any(|path| path.to_string_lossy().contains(part))
    };
    for target in targets.into_iter().filter(|target| is_built(target)) {
        for writer in WRITERS {
            let found = programs.iter().any(|path| {
                let path = path.to_string_lossy();
                path.contains(target) && path.contains(writer)
            });
            tests.push(Trial::test(format!("{target}{writer} exists"), move || {
                check(found, "the program was not linked")
            }));
        }
    }
    libtest_mimic::run(&Arguments::default(), tests).exit_code()
}

fn trials(path: &Path) -> Vec<Trial> {
    type Check = fn(&Elf, &[u8]) -> Result<(), Failed>;
    let all: [(&str, Check); 4] = [
        ("is position-independent", is_pie),
        ("is loaded by ld.so.1", has_ld_so_interpreter),
        ("needs libzircon.so", needs_libzircon),
        ("calls write_memory if it imports it", import_is_called),
    ];
    let writers: (&str, Check) = ("imports write_memory", imports_write_memory);
    let text = path.to_string_lossy().into_owned();
    let is_writer = WRITERS.iter().any(|part| text.contains(part));
    let tail: PathBuf = path
        .iter()
        .rev()
        .take(4)
        .collect::<Vec<_>>()
        .into_iter()
        .rev()
        .collect();
    all.into_iter()
        .chain(is_writer.then_some(writers))
        .map(|(name, check)| {
            let path = path.to_owned();
            Trial::test(format!("{} {name}", tail.display()), move || {
                let data = fs::read(&path)?;
                check(&Elf::parse(&*data)?, &data)
            })
        })
        .collect()
}

fn check(passed: bool, failure: &str) -> Result<(), Failed> {
    if passed { Ok(()) } else { Err(failure.into()) }
}

fn is_pie(elf: &Elf, _: &[u8]) -> Result<(), Failed> {
    let header: &FileHeader64<Endianness> = elf.elf_header();
    let type_ = header.e_type(elf.endian());
    check(
        type_ == ET_DYN && elf.entry() != 0,
        "the file type is not ET_DYN, or there is no entry point",
    )
}

fn has_ld_so_interpreter(elf: &Elf, data: &[u8]) -> Result<(), Failed> {
    let endian = elf.endian();
    let mut headers = elf.elf_program_headers().iter();
    let interpreter = headers.find(|header| header.p_type(endian) == PT_INTERP);
    let name = interpreter.and_then(|header| header.interpreter(endian, data).ok().flatten());
    check(name == Some(b"ld.so.1"), "PT_INTERP is not ld.so.1")
}

fn needs_libzircon(elf: &Elf, data: &[u8]) -> Result<(), Failed> {
    let endian = elf.endian();
    let sections = elf.elf_section_table();
    let (entries, strings) = sections
        .dynamic(endian, data)?
        .ok_or("no dynamic section")?;
    let strings = sections.strings(endian, data, strings)?;
    let mut needed = entries
        .iter()
        .filter(|entry| entry.d_tag(endian).0 == DT_NEEDED.0)
        .filter_map(|entry| strings.get(u32::try_from(entry.d_val(endian)).ok()?).ok());
    check(
        needed.any(|name| name == b"libzircon.so"),
        "DT_NEEDED lacks libzircon.so",
    )
}

fn imports_write_memory(elf: &Elf, _: &[u8]) -> Result<(), Failed> {
    let mut symbols = elf.dynamic_symbols();
    let imported = symbols.any(|symbol| symbol.is_undefined() && symbol.name() == Ok(WRITE_MEMORY));
    check(
        imported,
        "zx_process_write_memory is not an undefined symbol",
    )
}

/// Fails if the program imports the call and no code refers to it.
///
/// The programs are linked with `--emit-relocs`, which keeps the relocations of the code that the
/// linker did not discard.
fn import_is_called(elf: &Elf, data: &[u8]) -> Result<(), Failed> {
    if imports_write_memory(elf, data).is_err() {
        return Ok(());
    }
    let is_code = |flags| match flags {
        SectionFlags::Elf { sh_flags, .. } => sh_flags.contains(SHF_EXECINSTR),
        _ => false,
    };
    let is_write_memory = |target| match target {
        RelocationTarget::Symbol(index) => elf
            .symbol_by_index(index)
            .is_ok_and(|symbol| symbol.name() == Ok(WRITE_MEMORY)),
        _ => false,
    };
    let mut references = elf
        .sections()
        .filter(|section| is_code(section.flags()))
        .flat_map(|section| section.relocations())
        .filter(|(_, relocation)| is_write_memory(relocation.target()));
    check(
        references.next().is_some(),
        "no code refers to zx_process_write_memory",
    )
}
