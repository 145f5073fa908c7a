//! Runs the example on files, good and bad.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use flate2::Compression;
use flate2::write::GzEncoder;
use tempfile::TempDir;

/// A bill with two rows. The SHA-1 is `sha1sum`'s.
const BILL: &str = "\u{feff}交易时间,微信订单号,商户订单号,交易类型,交易状态,应结订单金额,微信退款单号,商户退款单号,退款金额,退款状态,商品名称,手续费,订单金额,申请退款金额\r\n\
    `2026-11-21 10:34:56,`4200000001,`T001,`JSAPI,`SUCCESS,`36.50,`0,`0,`0.00,`,`茶, <b>热</b>,`0.22000,`36.50,`0.00\r\n\
    `2026-11-21 11:00:00,`4200000001,`T001,`JSAPI,`REFUND,`0.00,`5030000001,`T001R1,`6.50,`SUCCESS,`茶, <b>热</b>,`-0.04000,`0.00,`6.50\r\n\
    总交易单数,应结订单总金额,退款总金额,手续费总金额,订单总金额,申请退款总金额\r\n\
    `2,`36.50,`6.50,`0.18000,`36.50,`6.50\r\n";
const SHA1: &str = "668c911df36fec9ad2bfd1b403229970c7635aaf";
const BOOKS: &str = "kind,number,amount,id\npayment,T001,36.50,4200000001\nrefund,T001R1,6.50,\n";

struct Desk(TempDir);

impl Desk {
    fn new() -> Self {
        let desk = Self(tempfile::tempdir().expect("a folder"));
        desk.put("bill.csv", BILL);
        desk.put("books.csv", BOOKS);
        desk
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn put(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path().join(name), content).expect("written");
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_reconcile"));
        command.current_dir(self.path()).args(arguments);
        command.args(["--out", "out"]);
        command
    }

    fn run(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let output = self.command(arguments).output();
        let Output {
            status,
            stdout,
            stderr,
        } = output.expect("the example starts");
        let text = [stdout, stderr].concat();
        (status.code(), String::from_utf8(text).expect("UTF-8"))
    }
}

const FILES: [&str; 4] = ["--bill", "bill.csv", "--books", "books.csv"];

#[test]
fn files_that_agree() {
    let desk = Desk::new();
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(BILL.as_bytes()).expect("packed");
    desk.put("bill.gz", gzip.finish().expect("packed"));
    for bill in ["bill.csv", "bill.gz"] {
        let (code, text) = desk.run(&["--bill", bill, "--books", "books.csv", "--hash", SHA1]);
        assert_eq!(code, Some(0), "{text}");
        assert!(text.contains("bill: 2 rows"), "{text}");
        assert!(text.contains("of 2026-11-21: no differences"), "{text}");
    }
    let page = fs::read_to_string(desk.path().join("out/day.html")).expect("a page");
    assert!(page.contains("茶, &lt;b&gt;热&lt;/b&gt;"), "{page}");
    assert!(page.contains("¥29.82"), "{page}");
}

#[test]
fn files_that_differ() {
    let desk = Desk::new();
    desk.put(
        "books.csv",
        "类型,商户单号,金额\n支付,T001,63.50\n支付,<T002>,1\n",
    );
    let (code, text) = desk.run(&FILES);
    assert_eq!(code, Some(1), "{text}");
    for line in [
        "3 differences",
        "payment T001: 36.50 yuan in the bill, 63.50 yuan in the books",
        "payment <T002>: 1.00 yuan",
        "refund T001R1: 6.50 yuan",
    ] {
        assert!(text.contains(line), "{line} is missing:\n{text}");
    }
    let page = fs::read_to_string(desk.path().join("out/day.html")).expect("a page");
    assert!(
        page.contains("&lt;T002&gt;") && !page.contains("<T002>"),
        "{page}"
    );
    assert!(page.contains("账单少 27.00"), "{page}");
}

#[test]
fn files_that_cannot_be_compared() {
    let desk = Desk::new();
    desk.put("cut.csv", &BILL.as_bytes()[..BILL.len() - 120]);
    desk.put("sums.csv", BILL.replace("`2,`36.50", "`2,`36.51"));
    desk.put(
        "value.csv",
        BILL.replace("`6.50,`SUCCESS", "`6,50,`SUCCESS"),
    );
    desk.put(
        "answer.json",
        r#"{"code":"NO_STATEMENT_EXIST","message":"账单文件不存在"}"#,
    );
    desk.put("wrong.csv", format!("{BOOKS}refund,T002R1,1.005,\n"));
    desk.put("empty.csv", "");
    let other = SHA1.replace(|digit: char| digit.is_ascii_digit(), "0");
    for (arguments, expected) in [
        (
            ["bill.csv", "books.csv", &other],
            "bill.csv: the text does not have the SHA-1 that was announced",
        ),
        (["bill.csv", "books.csv", "1234"], "--hash: hash_value"),
        (["cut.csv", "books.csv", ""], "cut.csv: "),
        (
            ["sums.csv", "books.csv", ""],
            "sums.csv: line 5, column 2 (应结订单总金额): the summary says 36.51",
        ),
        (["value.csv", "books.csv", ""], "value.csv: line 3"),
        (
            ["answer.json", "books.csv", ""],
            "answer.json: line 1: not a bill but an answer",
        ),
        (
            ["nowhere.csv", "books.csv", ""],
            "cannot open nowhere.csv: ",
        ),
        (["bill.csv", "nowhere.csv", ""], "cannot open nowhere.csv: "),
        (
            ["bill.csv", "wrong.csv", ""],
            "wrong.csv: line 4, column 3 (amount): not an amount",
        ),
        (
            ["bill.csv", "empty.csv", ""],
            "empty.csv: line 1: no column kind",
        ),
        (
            ["books.csv", "bill.csv", ""],
            "books.csv: line 1: not a trade bill",
        ),
    ] {
        let [bill, books, hash] = arguments;
        let mut arguments = vec!["--bill", bill, "--books", books];
        if !hash.is_empty() {
            arguments.extend(["--hash", hash]);
        }
        let (code, text) = desk.run(&arguments);
        assert_eq!(code, Some(2), "{text}");
        assert!(
            text.starts_with(&format!("reconcile: {expected}")),
            "{text}"
        );
        assert_eq!(text.lines().count(), 1, "{text}");
    }
    assert!(
        !desk.path().join("out").exists(),
        "a report of what was not compared"
    );
}

#[test]
fn arguments_that_make_no_sense() {
    let desk = Desk::new();
    for arguments in [&FILES[..2], &FILES[2..], &["--hash", SHA1], &["--sell"]] {
        let (code, text) = desk.run(arguments);
        assert_eq!(code, Some(2), "{text}");
        assert!(text.contains("Usage: reconcile"), "{text}");
    }
}

/// Killed while it sorts: what it had written to temporary files is gone with it, since they have no names.
#[cfg(unix)]
#[test]
fn nothing_is_left_when_it_is_killed() {
    let desk = Desk::new();
    fs::create_dir(desk.path().join("tmp")).expect("a folder");
    let fifo = desk.path().join("fifo.csv");
    let made = Command::new("mkfifo").arg(&fifo).status();
    assert!(made.expect("mkfifo is there").success());
    let mut command = desk.command(&["--bill", "bill.csv", "--books", "fifo.csv"]);
    command.env("TMPDIR", desk.path().join("tmp"));
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut example = command.spawn().expect("the example starts");

    // More than it keeps in memory, and then it waits for the rest.
    let mut pipe = fs::OpenOptions::new()
        .write(true)
        .open(&fifo)
        .expect("read");
    pipe.write_all(b"kind,number,amount\n").expect("taken");
    let mut lines = String::new();
    for number in 0..600_000 {
        lines.push_str(&format!("payment,T{number:027},1.00\n"));
        if lines.len() > 1 << 20 {
            pipe.write_all(lines.as_bytes()).expect("taken");
            lines.clear();
        }
    }
    let has_spilled = || {
        let open = fs::read_dir(format!("/proc/{}/fd", example.id()));
        let Ok(mut open) = open else {
            // Without /proc there is nothing to see, and what follows holds all the same.
            return true;
        };
        open.any(|file| {
            let target = file.and_then(|file| fs::read_link(file.path()));
            target.is_ok_and(|target| target.starts_with(desk.path().join("tmp")))
        })
    };
    assert!(has_spilled(), "it has not written a temporary file");
    example.kill().expect("killed");
    example.wait().expect("ended");
    let left = fs::read_dir(desk.path().join("tmp")).expect("a folder");
    assert_eq!(left.count(), 0, "temporary files are left");
    assert!(!desk.path().join("out").exists());
}
