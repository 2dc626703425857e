use super::*;
use proptest::collection::vec;
use proptest::prelude::*;
use std::sync::LazyLock;
use std::{env, fs};

fn test_binary() -> Vec<u8> {
    fs::read(env::current_exe().unwrap()).unwrap()
}

fn strip(file: &[u8]) -> Result<Vec<u8>, ElfError> {
    Elf::parse(file)?.strip()
}

#[test]
fn strip_keeps_segments_and_removes_sections() {
    let file = test_binary();
    let stripped = strip(&file).unwrap();
    assert!(stripped.len() < file.len());
    assert_eq!(stripped[..40], file[..40]);
    assert_eq!(stripped[64..], file[64..stripped.len()]);
    assert_eq!(stripped[40..48], [0; 8]);
    assert_eq!(strip(&stripped).unwrap(), stripped);
}

#[test]
fn needed_libraries_are_found_without_sections() {
    let stripped = strip(&test_binary()).unwrap();
    let needed = Elf::parse(&stripped).unwrap().needed().unwrap();
    assert!(
        needed.iter().any(|name| name.starts_with("libc.")),
        "{needed:?}"
    );
}

#[test]
fn program_of_the_host_is_for_another_system() {
    let file = test_binary();
    let error = Elf::parse(&file).unwrap().check_system().unwrap_err();
    assert!(
        error.to_string().starts_with("its dynamic linker is /"),
        "{error}"
    );
}

#[test]
fn truncated_program_is_rejected() {
    let program = strip(&test_binary()).unwrap();
    for length in [program.len() - 1, 100, 20] {
        let error = strip(&program[..length]).unwrap_err();
        assert!(matches!(error, ElfError::Malformed(_)), "{length}: {error}");
    }
}

#[test]
fn script_is_rejected() {
    assert_eq!(strip(b"#!/bin/sh\n"), Err(ElfError::NotElf));
}

proptest! {
    #[test]
    fn arbitrary_bytes_after_magic_do_not_panic(mut bytes in vec(any::<u8>(), 64..400), plausible in any::<bool>()) {
        bytes[..6].copy_from_slice(b"\x7fELF\x02\x01");
        if plausible {
            // A small e_phoff, and two program headers.
            bytes[33..40].fill(0);
            bytes[54..58].copy_from_slice(&[56, 0, 2, 0]);
        }
        if let Ok(elf) = Elf::parse(&bytes) {
            let _ = (elf.check_system(), elf.needed());
            if let Ok(stripped) = elf.strip() {
                prop_assert!(stripped.len() <= bytes.len());
            }
        }
    }

    #[test]
    fn changed_bytes_of_a_program_do_not_panic(changes in vec((0_usize..2000, any::<u8>()), 1..20)) {
        static PROGRAM: LazyLock<Vec<u8>> = LazyLock::new(|| strip(&test_binary()).unwrap());
        let mut bytes = PROGRAM.clone();
        for (offset, byte) in changes {
            bytes[offset] = byte;
        }
        if let Ok(elf) = Elf::parse(&bytes) {
            let _ = (elf.check_system(), elf.needed(), elf.strip());
        }
    }
}
