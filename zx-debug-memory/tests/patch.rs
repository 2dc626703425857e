//! The example `patch`, as a user meets it.
#![cfg(target_os = "linux")]

#[test]
fn the_patch_is_seen_and_undone() {
    let built = escargot::CargoBuild::new()
        .package("zx-debug-memory")
        .example("patch")
        .run();
    let output = built.unwrap().command().output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<_> = said.lines().collect();
    assert_eq!(lines.len(), 4, "{said}");
    assert_eq!(lines[0], "before:  1000");
    assert!(
        lines[1].starts_with("mapping: 0x") && lines[1].contains("rw-"),
        "{said}"
    );
    assert_eq!(lines[2..], ["patched: 42", "undone:  1000"]);
}
