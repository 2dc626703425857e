use super::AddressSpace;
use crate::backend::linux::behavior::Behavior;
use crate::linux::Kernel;
use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::process::Stdio;

fn open(pid: u32) -> AddressSpace {
    let (space, is_one) = AddressSpace::open(pid).unwrap();
    assert_eq!(is_one, Some(true));
    space
}

/// An exec came between the opening of two files. The earlier program is this one, whose memory lives.
#[test]
fn files_of_two_programs_are_not_of_one_address_space() {
    let mut child = std::process::Command::new("cat")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // An answer proves that the exec is complete.
    child.stdin.as_mut().unwrap().write_all(b"x").unwrap();
    child.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
    let (earlier, later) = (open(std::process::id()), open(child.id()));
    let mark = later.mark().unwrap();
    assert!(mark.is_in(&later.memory) && !mark.is_in(&earlier.memory));
    // The mark of the later program is not mapped in the earlier one.
    let mixed = AddressSpace {
        maps: earlier.maps,
        mark: std::sync::OnceLock::new(),
        ..later
    };
    assert!(mixed.mark().is_none());
    child.kill().unwrap();
    child.wait().unwrap();
}

/// An access to an unmapped address waits for threads of the process that wait for a page.
#[test]
fn look_ups_do_not_access_the_memory() {
    let mut own = open(std::process::id());
    own.memory = File::open("/dev/null").unwrap();
    assert!(!own.is_gone());
    assert!(own.records().unwrap().len() > 2);
    let local = 0_u8;
    let vaddr = (&raw const local).addr();
    let behavior = Behavior::of(Kernel::ManPage);
    assert!(own.mapping(vaddr, behavior).unwrap().end > vaddr);
    for unmapped in [0, 1 << 63] {
        let status = own.mapping(unmapped, behavior).unwrap_err();
        assert_eq!(status, behavior.unmapped);
    }
}

#[test]
fn address_space_opened_twice_is_the_same() {
    let [first, second] = [(); 2].map(|()| open(std::process::id()));
    assert!(first.is_same(&second));
}

/// Of `<linux/personality.h>`.
const ADDR_NO_RANDOMIZE: libc::c_ulong = 0x004_0000;

/// Without address space layout randomization two programs have equal auxiliary vectors.
#[test]
fn equal_auxiliary_vectors_are_not_enough_to_be_the_same() {
    let mut cats = [(); 2].map(|()| {
        let mut cat = std::process::Command::new("cat");
        let without_randomization = || {
            // SAFETY: the call takes no pointer.
            unsafe { libc::personality(ADDR_NO_RANDOMIZE) };
            Ok(())
        };
        // SAFETY: the closure makes one system call, which is allowed between fork and exec.
        unsafe { cat.pre_exec(without_randomization) };
        cat.stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap()
    });
    let spaces = cats.each_mut().map(|cat| {
        // An answer proves that the exec is complete.
        cat.stdin.as_mut().unwrap().write_all(b"x").unwrap();
        cat.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
        open(cat.id())
    });
    let [first, second] = spaces.each_ref().map(|space| space.program().unwrap());
    assert!(first.1.is_some() && second.1.is_some());
    if first.0 == second.0 {
        assert!(!spaces[0].is_same(&spaces[1]));
    } else {
        std::println!("skipped: this Linux randomizes addresses");
    }
    for mut cat in cats {
        cat.kill().unwrap();
        cat.wait().unwrap();
    }
}

#[test]
fn only_own_memory_is_ours() {
    let own = open(std::process::id());
    assert_eq!(own.is_ours(), Ok(true));
    // A thread ID in place of the PID names the same memory.
    let thread = std::thread::spawn(|| {
        let id = rustix::thread::gettid().as_raw_nonzero().get();
        open(id.cast_unsigned()).is_ours()
    });
    assert_eq!(thread.join().unwrap(), Ok(true));

    let mut child = std::process::Command::new("cat")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // Until its exec is complete, the child shares this process's memory. An answer proves that it is.
    child.stdin.as_mut().unwrap().write_all(b"x").unwrap();
    child.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
    let other = open(child.id());
    assert_eq!(other.is_ours(), Ok(false));
    assert!(!other.is_gone());
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(other.is_gone());
    assert_eq!(other.is_ours(), Ok(false));
}
