use super::*;
use proptest::collection::vec;
use proptest::prelude::*;
use std::{env, fs};

fn test_binary() -> Vec<u8> {
    fs::read(env::current_exe().unwrap()).unwrap()
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
fn truncated_program_is_rejected() {
    let program = strip(&test_binary()).unwrap();
    assert_eq!(
        strip(&program[..program.len() - 1]),
        Err(ElfError::Truncated)
    );
    assert_eq!(strip(&program[..100]), Err(ElfError::Truncated));
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
        if let Ok(stripped) = strip(&bytes) {
            prop_assert!(stripped.len() <= bytes.len());
        }
    }
}
