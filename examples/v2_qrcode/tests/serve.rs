//! Keeps the page up as for a person, pays, and presses Ctrl-C.
#![cfg(unix)]

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use example_support::{Controls, Http};

/// Does not outlive a test that fails.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
    }
}

#[tokio::test]
async fn the_page_stays_up_until_it_is_told_to_stop() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_v2_qrcode"));
    command.arg("--serve").stdout(Stdio::piped());
    let mut example = Running(command.spawn().expect("the example starts"));
    let out = example.0.stdout.take().expect("a pipe");
    let mut lines = BufReader::new(out).lines().map(|line| line.expect("text"));
    let mut word_after = |words: &str| {
        let line = lines.find(|line| line.contains(words));
        let line = line.unwrap_or_else(|| panic!("it never says {words}"));
        let (_, rest) = line.split_once(words).expect("it is there");
        let word = rest.split_whitespace().next().unwrap_or_default();
        word.to_owned()
    };
    let sandbox = word_after("a sandbox at ");
    let number = word_after("    order ");
    let page = word_after("open ");

    let answer = Http::new().get(&page).await.expect("the page is up");
    assert_eq!(answer.status(), 200);
    let paid = Controls::at(&sandbox).pay(&number).await;
    paid.expect("the payer pays");
    word_after("paid: ");

    // What Ctrl-C does, from outside of a terminal.
    let mut kill = Command::new("kill");
    let sent = kill.args(["-INT", &example.0.id().to_string()]).status();
    assert!(sent.expect("kill is there").success());
    assert!(example.0.wait().expect("it ends").success());
}
