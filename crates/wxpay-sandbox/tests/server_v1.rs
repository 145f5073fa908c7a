//! v1 over sockets: the shell script of the README, as it stands there.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

/// Ends the program, whatever becomes of the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_shell_script_for_v1_works() {
    let tools = ["sh", "curl", "iconv", "md5sum", "sha1sum", "od", "paste"];
    let is_there = |tool: &&str| {
        let output = Command::new("sh")
            .args(["-c", &format!("command -v {tool}")])
            .output();
        output.is_ok_and(|output| output.status.success())
    };
    if let Some(missing) = tools.iter().find(|tool| !is_there(tool)) {
        eprintln!("left out: there is no {missing} here");
        return;
    }
    let readme = include_str!("../README.md");
    let field = readme
        .lines()
        .find(|line| line.starts_with("field()"))
        .unwrap();
    let script = readme
        .split("```sh\n")
        .map(|rest| rest.split("```").next().unwrap())
        .find(|block| block.contains("genprepay"))
        .unwrap();
    let dir = tempfile::tempdir().unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_wxpay-sandbox"))
        .args(["--listen", "127.0.0.1:0", "--home"])
        .arg(dir.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let _running = Running(child);
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    let output = Command::new("sh")
        .args(["-c", &format!("set -eu\n{field}\n{script}")])
        .env("BASE", line.strip_prefix("ready ").unwrap().trim_end())
        .env("DIR", dir.path())
        .env_remove("http_proxy")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{text}{log}");
    assert!(text.contains(r#""errmsg":"Success""#), "{text}{log}");
    assert!(text.contains("<retcode>0</retcode>"), "{text}{log}");
    assert!(text.contains("<trade_state>0</trade_state>"), "{text}{log}");
    assert!(text.contains("成功"), "{text}{log}");
}
