//! The program runs with sizes that say nothing, and prints its five tables.

use std::process::Command;

#[test]
fn all_tables_are_printed() -> Result<(), std::io::Error> {
    let args = "--rounds 1 --budget-ms 2 --sizes 100,200 --large 300 --small 50";
    let program = env!("CARGO_BIN_EXE_terrace-bench-sizes");
    let output = Command::new(program).args(args.split(' ')).output()?;
    let (said, error) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{error}");
    for head in [
        "a re-run",
        "200 nodes, empty: bytes",
        "200 nodes, value: bytes",
        "300 nodes by number",
        "50 nodes that do",
    ] {
        assert!(said.lines().any(|line| line.starts_with(head)), "{head}: {said}");
    }
    assert_eq!(said.matches(" B a task").count(), 4, "{said}");
    Ok(())
}
