use super::*;
use proptest::collection::vec;
use proptest::prelude::*;
use std::{env, fs};

fn own_program() -> Vec<u8> {
    fs::read(env::current_exe().unwrap()).unwrap()
}

#[test]
fn a_stripped_program_keeps_its_segments_and_loses_the_rest() {
    let whole = own_program();
    let program = strip(&whole).unwrap();
    assert!(program.len() < whole.len());
    assert_eq!(program[..40], whole[..40]);
    assert_eq!(program[64..], whole[64..program.len()]);
    assert_eq!(program[40..48], [0; 8]);
    assert_eq!(strip(&program).unwrap(), program);
}

#[test]
fn a_truncated_program_is_refused() {
    let program = strip(&own_program()).unwrap();
    assert_eq!(
        strip(&program[..program.len() - 1]),
        Err(ElfError::Truncated)
    );
    assert_eq!(strip(&program[..100]), Err(ElfError::Truncated));
    assert_eq!(strip(b"#!/bin/sh\n"), Err(ElfError::NotElf));
}

proptest! {
    #[test]
    fn any_bytes_behind_the_magic_are_read_or_refused(mut bytes in vec(any::<u8>(), 64..400), low in any::<bool>()) {
        bytes[..6].copy_from_slice(b"\x7fELF\x02\x01");
        if low {
            bytes[33..40].fill(0);
            bytes[54..58].copy_from_slice(&[56, 0, 2, 0]);
        }
        if let Ok(program) = strip(&bytes) {
            prop_assert!(program.len() <= bytes.len());
        }
    }
}
