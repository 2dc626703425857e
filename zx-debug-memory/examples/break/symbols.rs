//! The addresses of symbols: from the file of the program, and from the dynamic symbol tables in memory.

use crate::read_up_to::read_up_to;
use crate::run_control::Result;
use object::elf::{self, Dyn64, Sym64};
use object::read::elf::{Dyn, GnuHashTable, HashTable, Sym};
use object::{LittleEndian as LE, Object, ObjectSymbol, SymbolKind, pod};
use std::fs;
use std::path::Path;
use zx_debug_memory::{BuildId, MemoryMap, Module, Modules, ReadMemory};

type Elf64 = elf::FileHeader64<LE>;

/// Returns the address of the function: of the program, or else of the library at the lowest address that
/// exports it. That need not be the one that the program calls.
///
/// Programs seldom export their functions. So the program's symbols are those of its file, unless it is
/// stripped.
pub(crate) fn find(
    name: &str,
    program: &Path,
    map: &MemoryMap,
    modules: &Modules,
    memory: &impl ReadMemory,
) -> Result<usize> {
    if let Some(vaddr) = find_in_file(name, program, modules) {
        return Ok(vaddr);
    }
    for module in modules {
        match find_exported(name, module, memory) {
            Some((vaddr, elf::STT_FUNC)) => return Ok(vaddr),
            Some((_, elf::STT_GNU_IFUNC)) => {
                return Err(format!(
                    "{name} is an indirect function of {module}: the process selects its code when it \
                     loads the library"
                )
                .into());
            }
            _ => {}
        }
    }
    Err(format!(
        "no loaded module has a function {name}; modules:{}",
        list(map, modules)
    )
    .into())
}

fn list(map: &MemoryMap, modules: &Modules) -> String {
    let line = |module: &Module| {
        // A program has no soname, but its mapping has a name.
        let mapping = map.find(module.program_headers.start);
        let mapping = mapping.filter(|_| module.soname.is_none());
        let name = mapping.map_or("", |mapping| &mapping.name);
        format!("\n    {module} {name}")
    };
    modules.iter().map(line).collect()
}

/// Searches the file for the symbol, and the modules for the one that was loaded from this file.
fn find_in_file(name: &str, program: &Path, modules: &Modules) -> Option<usize> {
    let data = fs::read(program).ok()?;
    let file = object::File::parse(&*data).ok()?;
    let build_id = file.build_id().ok()?;
    let is_same = |module: &&Module| {
        module.build_id.as_ref().map(BuildId::as_bytes) == build_id
            && module.entry.and_then(|entry| module.to_relative(entry)) == Some(file.entry())
    };
    let module = modules.iter().find(is_same)?;
    let mut symbols = file.symbols();
    let symbol = symbols.find(|symbol| {
        symbol.name() == Ok(name) && symbol.kind() == SymbolKind::Text && symbol.is_definition()
    })?;
    module.to_vaddr(symbol.address())
}

/// Searches the dynamic symbol table of a module. Returns the address, and the type of the symbol.
fn find_exported(
    name: &str,
    module: &Module,
    memory: &impl ReadMemory,
) -> Option<(usize, elf::SymbolType)> {
    let dynamic = read_up_to(module.dynamic.clone()?, memory);
    let entries: Vec<&Dyn64<LE>> = slice(&dynamic)
        .iter()
        .take_while(|entry: &&Dyn64<LE>| entry.tag(LE) != elf::DT_NULL)
        .collect();
    let table = |tag| {
        let entry = entries.iter().find(|entry| entry.tag(LE) == tag)?;
        // glibc stores the address in the process here, and musl leaves the module-relative one.
        let value = entry.val(LE);
        let vaddr = usize::try_from(value)
            .ok()
            .filter(|vaddr| module.find(*vaddr).is_some())
            .or_else(|| module.to_vaddr(value))?;
        // The length is not known: up to the end of the segment.
        Some(read_up_to(vaddr..module.find(vaddr)?.range.end, memory))
    };
    let (symbols, strings) = (table(elf::DT_SYMTAB)?, table(elf::DT_STRTAB)?);
    let count = match table(elf::DT_GNU_HASH) {
        Some(hash) => GnuHashTable::<Elf64>::parse(LE, &hash)
            .ok()?
            .symbol_table_length(LE)?,
        None => HashTable::<Elf64>::parse(LE, &table(elf::DT_HASH)?)
            .ok()?
            .symbol_table_length(),
    };
    let has_name = |symbol: &Sym64<LE>| {
        let rest = strings.get(symbol.st_name(LE) as usize..);
        rest.and_then(|rest| rest.split(|byte| *byte == 0).next()) == Some(name.as_bytes())
    };
    // A library can also export old versions of a function, which programs of today do not use.
    let versions = table(elf::DT_VERSYM).unwrap_or_default();
    let versions = slice::<elf::Versym<LE>>(&versions);
    let is_old = |index: usize| {
        let version = versions.get(index);
        version.is_some_and(|version| version.0.get(LE).is_hidden())
    };
    let symbols = slice::<Sym64<LE>>(&symbols).iter().enumerate();
    let (_, symbol) = symbols
        .take(usize::try_from(count).ok()?)
        .find(|(index, symbol)| has_name(symbol) && !symbol.is_undefined(LE) && !is_old(*index))?;
    Some((module.to_vaddr(symbol.st_value(LE))?, symbol.st_type()))
}

/// Returns all entries that the bytes contain whole.
fn slice<T: pod::Pod>(bytes: &[u8]) -> &[T] {
    pod::slice_from_bytes(bytes, bytes.len() / size_of::<T>()).map_or(&[], |(entries, _)| entries)
}
