//! How the tool ends when it fails.

use std::process::Command;

#[test]
fn a_failure_is_one_line_and_exit_code_1_without_a_stack_trace() {
    let tool = Command::new(env!("CARGO_BIN_EXE_load"))
        .args(["telemetry", "--rounds", "0"])
        .env("RUST_BACKTRACE", "1")
        .output()
        .expect("it runs");
    let told = String::from_utf8(tool.stderr).expect("text");
    assert_eq!(told, "load: --rounds must be at least 1\n");
    assert_eq!(tool.status.code(), Some(1));
}
