//! What `readelf` prints about a file, in the form of a module without a load bias.

use std::path::Path;
use std::process::Command;

/// Returns the reason if `readelf` cannot be run.
pub(crate) fn is_missing() -> Option<String> {
    let error = Command::new("readelf").arg("--version").output().err()?;
    Some(format!("readelf cannot be run: {error}"))
}

#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) entry: Option<u64>,
    pub(crate) headers: u64,
    /// Address, size and flags of each segment.
    pub(crate) segments: Vec<(u64, u64, String)>,
    pub(crate) dynamic: Option<(u64, u64)>,
    pub(crate) eh_frame_hdr: Option<(u64, u64)>,
    pub(crate) soname: Option<String>,
    pub(crate) build_id: Option<String>,
}

impl Facts {
    pub(crate) fn read(file: &Path) -> Self {
        let output = Command::new("readelf")
            .args(["-lW", "-n", "-d"])
            .arg(file)
            .env("LC_ALL", "C")
            .output()
            .unwrap();
        assert!(output.status.success(), "{} {output:?}", file.display());
        let mut facts = Self::default();
        for line in String::from_utf8_lossy(&output.stdout).lines() {
            facts.add(line.trim());
        }
        facts
    }

    fn add(&mut self, line: &str) {
        let words: Vec<_> = line.split_whitespace().collect();
        let range = || (hex(words[2]), hex(words[5]));
        match words[..] {
            ["Entry", "point", entry] => self.entry = Some(hex(entry)).filter(|entry| *entry != 0),
            ["There", "are", headers, "program", ..] => self.headers = headers.parse().unwrap(),
            ["LOAD", _, vaddr, _, _, memsz, .., _] => {
                let flags = words[6..words.len() - 1].concat().replace('E', "X");
                self.segments.push((hex(vaddr), hex(memsz), flags));
            }
            // The dynamic section and the section header of the same name begin differently.
            ["DYNAMIC", ..] => self.dynamic = Some(range()),
            ["GNU_EH_FRAME", ..] => self.eh_frame_hdr = Some(range()),
            // One line with the name of the note, or a line of its own.
            [.., "Build", "ID:", id] => self.build_id = Some(id.to_owned()),
            [_, "(SONAME)", "Library", "soname:", name] => {
                self.soname = Some(name.trim_matches(['[', ']']).to_owned());
            }
            _ => {}
        }
    }
}

fn hex(word: &str) -> u64 {
    u64::from_str_radix(word.trim_start_matches("0x"), 16).unwrap()
}
