//! Zircon's own `zbi` tool reads what the runner packs. Wants FEMU_TEST_ZBI_TOOL, the tool:
//! `cargo test --test zbi_tool -- --ignored`
#![allow(missing_docs)]

#[allow(dead_code)]
#[path = "support/fake.rs"]
mod fake;

use fake::{Fake, complaint};
use std::fs;
use std::process::Command;

const X64: u16 = 62;

#[test]
#[ignore = "wants the SDK's zbi tool, named by FEMU_TEST_ZBI_TOOL"]
fn zircons_own_tool_reads_the_image() {
    let tool =
        std::env::var("FEMU_TEST_ZBI_TOOL").expect("FEMU_TEST_ZBI_TOOL names the SDK's zbi tool");
    let fake = Fake::new();
    fs::write(fake.path("text"), "some text, some text, some text").unwrap();
    for how in ["--uncompressed", "--compressed"] {
        let made = Command::new(&tool)
            .args([how, "-o"])
            .arg(fake.path("zbi"))
            .args(["-e", &format!("data/text={}", fake.path("text").display())])
            .output()
            .unwrap();
        assert!(made.status.success(), "{how}: {}", complaint(&made));
        let image = fake.path("image");
        let mut runner = fake.boot("none".as_ref());
        let output = runner
            .args(["--dry-run", "--image"])
            .arg(&image)
            .arg(fake.program("t", X64))
            .output()
            .unwrap();
        assert_eq!(
            output.status.code(),
            Some(0),
            "{how}: {}",
            complaint(&output)
        );
        let read = Command::new(&tool)
            .arg("-x")
            .arg("-D")
            .arg(fake.path("read"))
            .arg(&image)
            .output()
            .unwrap();
        assert!(
            read.status.success() && read.stderr.is_empty(),
            "{how}: {}",
            complaint(&read)
        );
        assert_eq!(
            fs::read(fake.path("read/data/text")).unwrap(),
            fs::read(fake.path("text")).unwrap()
        );
        // Less its section headers, of which it has none.
        assert_eq!(
            fs::read(fake.path("read/bin/t")).unwrap(),
            fs::read(fake.path("t")).unwrap()
        );
    }
}
