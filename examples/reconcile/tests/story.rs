//! Runs the example as a person would, without files.

use std::fs;
use std::process::Command;

#[test]
fn a_clean_day_is_clean_and_every_mistake_is_found() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = Command::new(env!("CARGO_BIN_EXE_reconcile"));
    let output = command.arg("--out").arg(folder.path()).output();
    let output = output.expect("the example starts");
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{out}{err}");
    for line in [
        "no differences (无差异)",
        "as the trades say",
        "6 differences (差异)",
        "likely in the bill of",
        "found: precisely these, and nothing else",
        "WeChat Pay says CLOSED",
    ] {
        assert!(out.contains(line), "{line} is missing:\n{out}");
    }
    // No bar where nobody looks.
    assert!(err.is_empty(), "{err}");
    assert!(!out.contains('\x1b'), "colour in a pipe: {out:?}");

    let read = |name: &str| {
        let text = fs::read_to_string(folder.path().join(name));
        text.unwrap_or_else(|error| panic!("{name}: {error}"))
    };
    let page = read("mistakes/day.html");
    for text in [
        "差异 6 笔",
        "长款",
        "短款",
        "不符",
        "重复",
        "茶具 &lt;六件&gt; &amp; &quot;托盘&quot;",
        "class=\"paid\"",
    ] {
        assert!(page.contains(text), "{text} is missing");
    }
    // The page asks nobody for anything.
    for text in ["http:", "https:", "<script", "url(", "<六件>"] {
        assert!(!page.contains(text), "{text} is on the page");
    }
    assert!(read("clean/day.html").contains("账平，无差异"));
    assert!(read("clean/report.txt").contains("no differences"));
    assert_eq!(read("clean/differences.csv").lines().count(), 1);
    assert_eq!(read("mistakes/differences.csv").lines().count(), 7);

    // What it leaves can be compared again, as files.
    let mut command = Command::new(env!("CARGO_BIN_EXE_reconcile"));
    for (name, file) in [
        ("--bill", "bill.csv"),
        ("--books", "books.csv"),
        ("--out", "again"),
    ] {
        command.arg(name).arg(folder.path().join(file));
    }
    let output = command.output().expect("the example starts");
    let out = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{out}");
    assert!(out.contains("no differences"), "{out}");
}
