//! The program as a person starts it: its one line, its signals, its exit codes, and the shell
//! script of the README.

#![expect(clippy::unwrap_used, reason = "what cannot be had fails the test")]

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

fn program(home: &Path, listen: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wxpay-sandbox"));
    command.args(["--listen", listen, "--home"]).arg(home);
    command
}

struct Running {
    child: Child,
    base_url: String,
    stdout: BufReader<std::process::ChildStdout>,
}

fn start(home: &Path) -> Running {
    let mut child = program(home, "127.0.0.1:0")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    let base_url = line.strip_prefix("ready ").unwrap().trim_end().to_owned();
    Running {
        child,
        base_url,
        stdout,
    }
}

/// What is said where the sandbox cannot start: one line, and the exit code.
fn refused(output: &Output) -> (String, Option<i32>) {
    assert_eq!(output.stdout, b"");
    let text = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(text.lines().count(), 1, "{text}");
    (text, output.status.code())
}

#[cfg(unix)]
fn signal(child: &Child, name: &str) {
    let status = Command::new("kill")
        .args([&format!("-{name}"), &child.id().to_string()])
        .status()
        .unwrap();
    assert!(status.success());
}

#[cfg(unix)]
#[test]
fn it_says_one_line_and_stops_cleanly_on_either_signal() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["TERM", "INT"] {
        let mut running = start(dir.path());
        assert!(
            running.base_url.starts_with("http://127.0.0.1:"),
            "{}",
            running.base_url
        );
        signal(&running.child, name);
        assert_eq!(running.child.wait().unwrap().code(), Some(0), "SIG{name}");
        let mut rest = String::new();
        running.stdout.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "");
    }
}

#[test]
fn it_says_in_one_line_why_it_does_not_start() {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().join("home");
    let mut running = start(&home);
    let address = running.base_url.strip_prefix("http://").unwrap().to_owned();

    let (text, code) = refused(
        &program(&dir.path().join("other"), &address)
            .output()
            .unwrap(),
    );
    assert!(
        text.starts_with(&format!("error: cannot listen on {address}: ")),
        "{text}"
    );
    assert_eq!(code, Some(1));

    let (text, code) = refused(&program(&home, "127.0.0.1:0").output().unwrap());
    assert!(
        text.contains(&format!(
            "another sandbox (process {}) is running in ",
            running.child.id()
        )),
        "{text}"
    );
    assert_eq!(code, Some(1));

    let file = dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    let (text, code) = refused(&program(&file, "127.0.0.1:0").output().unwrap());
    assert!(
        text.contains(&format!("{} is not a folder", file.display())),
        "{text}"
    );
    assert_eq!(code, Some(1));

    let output = program(&home, "somewhere").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    running.child.kill().unwrap();
    running.child.wait().unwrap();
}

/// The script stands in the README for people; here it is run as it stands there.
#[test]
fn the_shell_script_of_the_readme_works() {
    let tools = ["sh", "openssl", "curl"];
    if let Some(missing) = tools
        .iter()
        .find(|tool| Command::new(tool).arg("-c").arg("").output().is_err())
    {
        eprintln!("left out: there is no {missing} here");
        return;
    }
    let script = include_str!("../README.md")
        .split("```sh\n")
        .map(|rest| rest.split("```").next().unwrap())
        .find(|block| block.contains("SIGN_ERROR") || block.contains("Authorization"))
        .unwrap();
    let dir = tempfile::tempdir().unwrap();
    let mut running = start(dir.path());
    let output = Command::new("sh")
        .args(["-c", script])
        .env("BASE", &running.base_url)
        .env("DIR", dir.path())
        .env_remove("http_proxy")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{text}{log}");
    let lines: Vec<&str> = text.lines().collect();
    let [created, verified, paid, verified_too, refused] = lines[..] else {
        panic!("{text}{log}")
    };
    assert!(
        created.starts_with("200 {") && created.contains("code_url"),
        "{text}"
    );
    assert_eq!((verified, verified_too), ("Verified OK", "Verified OK"));
    assert!(
        paid.starts_with("200 {") && paid.contains(r#""trade_state":"SUCCESS""#),
        "{text}"
    );
    assert!(
        refused.starts_with("401 {") && refused.contains("SIGN_ERROR"),
        "{text}"
    );
    assert!(refused.contains("sign_information"), "{text}");

    // Killed without warning: what was answered is there again.
    running.child.kill().unwrap();
    running.child.wait().unwrap();
    let mut running = start(dir.path());
    let number = paid
        .split(r#""out_trade_no":""#)
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let output = Command::new("curl")
        .args([
            "-sS",
            "--noproxy",
            "*",
            &format!("{}/_sandbox/orders/{number}", running.base_url),
        ])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains(r#""trade_state": "SUCCESS""#), "{text}");
    running.child.kill().unwrap();
    running.child.wait().unwrap();
}
