//! Reads programs that were linked for Fuchsia, and says of each whether it is what it
//! should be. `ci/fuchsia.sh` makes them and starts this.
//!
//! Linked to stubs, a program proves names and shape: that the right calls are asked of
//! the right libraries. That a real SDK has them is for a link with one to show.

use libtest_mimic::{Arguments, Failed, Trial};
use object::elf::{DT_NEEDED, ET_DYN, FileHeader64, PT_INTERP, SHF_EXECINSTR};
use object::read::elf::{Dyn, ElfFile64, FileHeader, ProgramHeader};
use object::{Endianness, Object, ObjectSection, ObjectSymbol, RelocationTarget, SectionFlags};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

/// Programs whose own code writes memory, by a part of their path.
const WRITERS: [&str; 6] = [
    "/examples/poke",
    "/examples/patch",
    "/examples/gdbserver",
    "/deps/log-",
    "/deps/conformance-",
    "/deps/debugger-",
];

const CALL: &str = "zx_process_write_memory";

type Elf<'data> = ElfFile64<'data, Endianness>;

fn main() -> ExitCode {
    let programs: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
    if programs.is_empty() {
        eprintln!("fuchsia-elf: name the programs to read; ci/fuchsia.sh links some");
        return ExitCode::from(2);
    }
    let mut tests: Vec<Trial> = programs.iter().flat_map(|path| trials(path)).collect();
    let targets = ["x86_64", "aarch64", "riscv64"];
    let seen = |part: &str| {
        programs
            .iter()
            .any(|path| path.to_string_lossy().contains(part))
    };
    for target in targets.into_iter().filter(|target| seen(target)) {
        for writer in WRITERS {
            let found = programs.iter().any(|path| {
                let path = path.to_string_lossy();
                path.contains(target) && path.contains(writer)
            });
            tests.push(Trial::test(
                format!("{target}{writer} is there"),
                move || check(found, "it was not linked"),
            ));
        }
    }
    libtest_mimic::run(&Arguments::default(), tests).exit_code()
}

fn trials(path: &Path) -> Vec<Trial> {
    type Check = fn(&Elf, &[u8]) -> Result<(), Failed>;
    let always: [(&str, Check); 4] = [
        ("is position-independent", is_pie),
        ("is started by ld.so.1", is_started_by_ld_so),
        ("needs libzircon.so", needs_libzircon),
        ("calls the call if it imports it", calls_what_it_imports),
    ];
    let writes: (&str, Check) = ("imports the call", imports_the_call);
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
    always
        .into_iter()
        .chain(is_writer.then_some(writes))
        .map(|(name, check)| {
            let path = path.to_owned();
            Trial::test(format!("{} {name}", tail.display()), move || {
                let data = fs::read(&path)?;
                check(&Elf::parse(&*data)?, &data)
            })
        })
        .collect()
}

fn check(holds: bool, otherwise: &str) -> Result<(), Failed> {
    if holds { Ok(()) } else { Err(otherwise.into()) }
}

fn is_pie(elf: &Elf, _: &[u8]) -> Result<(), Failed> {
    let header: &FileHeader64<Endianness> = elf.elf_header();
    let type_ = header.e_type(elf.endian());
    check(
        type_ == ET_DYN && elf.entry() != 0,
        "it is no ET_DYN with an entry",
    )
}

fn is_started_by_ld_so(elf: &Elf, data: &[u8]) -> Result<(), Failed> {
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

fn imports_the_call(elf: &Elf, _: &[u8]) -> Result<(), Failed> {
    let mut symbols = elf.dynamic_symbols();
    let imported = symbols.any(|symbol| symbol.is_undefined() && symbol.name() == Ok(CALL));
    check(imported, "the call is no undefined symbol")
}

/// `--emit-relocs` has kept what the linker resolved: the code that names the call, if
/// there is such code among what was not discarded.
fn calls_what_it_imports(elf: &Elf, data: &[u8]) -> Result<(), Failed> {
    if imports_the_call(elf, data).is_err() {
        return Ok(());
    }
    let is_code = |flags| match flags {
        SectionFlags::Elf { sh_flags, .. } => sh_flags.contains(SHF_EXECINSTR),
        _ => false,
    };
    let names_it = |target| match target {
        RelocationTarget::Symbol(index) => elf
            .symbol_by_index(index)
            .is_ok_and(|symbol| symbol.name() == Ok(CALL)),
        _ => false,
    };
    let mut calls = elf
        .sections()
        .filter(|section| is_code(section.flags()))
        .flat_map(|section| section.relocations())
        .filter(|(_, relocation)| names_it(relocation.target()));
    check(calls.next().is_some(), "no code names the call")
}
