//! The example `patch`, run as a user runs it.
#![cfg(target_os = "linux")]

#[test]
fn patch_changes_and_restores_the_integer() {
    let example = escargot::CargoBuild::new()
        .package("zx-debug-memory")
        .example("patch")
        .run();
    let output = example.unwrap().command().output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let stdout = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<_> = stdout.lines().collect();
    assert_eq!(lines.len(), 4, "{stdout}");
    assert_eq!(lines[0], "before:   1000");
    assert!(
        lines[1].starts_with("mapping:  0x") && lines[1].contains("rw-"),
        "{stdout}"
    );
    assert_eq!(lines[2..], ["patched:  42", "restored: 1000"]);
}
