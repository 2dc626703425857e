//! Reads boot images of the runner with the SDK's `zbi` tool. FEMU_TEST_ZBI_TOOL is its path:
//! `cargo test --test zbi_tool -- --ignored`
#![allow(missing_docs)]

#[allow(dead_code)]
#[path = "support/fake.rs"]
mod fake;

use fake::{Fake, KERNEL_X64, item, stderr};
use std::fs;
use std::process::Command;

const X64: u16 = 62;

#[test]
#[ignore = "requires FEMU_TEST_ZBI_TOOL, the path of the SDK's zbi tool"]
fn zbi_tool_extracts_files_of_packed_image() {
    let tool = std::env::var("FEMU_TEST_ZBI_TOOL")
        .expect("FEMU_TEST_ZBI_TOOL is not set to the path of the SDK's zbi tool");
    let fake = Fake::new();
    fs::write(fake.path("text"), "some text, some text, some text").unwrap();
    for compression in ["--uncompressed", "--compressed"] {
        let create = Command::new(&tool)
            .args([compression, "-o"])
            .arg(fake.path("zbi"))
            .args(["-e", &format!("data/text={}", fake.path("text").display())])
            .output()
            .unwrap();
        assert!(
            create.status.success(),
            "{compression}: {}",
            stderr(&create)
        );
        // The runner refuses an image without a kernel.
        let items = fs::read(fake.path("zbi")).unwrap()[32..].to_vec();
        let items = [item(KERNEL_X64, 0, &[0; 8]), items].concat();
        fs::write(fake.path("zbi"), item(0x544f_4f42, 0x868c_f7e6, &items)).unwrap();
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
            "{compression}: {}",
            stderr(&output)
        );
        let extract = Command::new(&tool)
            .arg("-x")
            .arg("-D")
            .arg(fake.path("extracted"))
            .arg(&image)
            .output()
            .unwrap();
        assert!(
            extract.status.success() && extract.stderr.is_empty(),
            "{compression}: {}",
            stderr(&extract)
        );
        assert_eq!(
            fs::read(fake.path("extracted/data/text")).unwrap(),
            fs::read(fake.path("text")).unwrap()
        );
        // The fake program has no sections, so stripping does not change it.
        assert_eq!(
            fs::read(fake.path("extracted/bin/t")).unwrap(),
            fs::read(fake.path("t")).unwrap()
        );
    }
}
