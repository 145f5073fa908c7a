//! The whole story, told into memory.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use quickstart::{Settings, Show, run};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use wxpay_sandbox::{Server, ServerConfig};

#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl Page {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().expect("not poisoned").clone()).expect("UTF-8")
    }
}

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0
            .lock()
            .expect("not poisoned")
            .extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn at(home: &Path, base_url: &str) -> Settings {
    let mut settings = Settings::default();
    settings.home = Some(home.to_owned());
    settings.base_url = Some(base_url.to_owned());
    settings
}

async fn failure(settings: Settings) -> String {
    let error = run(settings, Show::plain(io::sink()))
        .await
        .expect_err("this must not work");
    format!("{error:#}")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_story_holds() {
    let page = Page::default();
    let result = run(Settings::default(), Show::plain(page.clone())).await;
    let text = page.text();
    result.unwrap_or_else(|error| panic!("{text}\n{error:#}"));
    for number in 1..=10 {
        assert!(
            text.contains(&format!("\n{number:>2}  ")),
            "step {number} is missing:\n{text}"
        );
    }
    for line in text.lines() {
        assert!(line.chars().count() <= 100, "too wide: {line}");
        assert!(!line.contains('\x1b'), "colour in a file: {line:?}");
    }
}

/// One call of the sandbox's controls, by hand; the answer's body.
async fn control(base_url: &str, method: &str, target: &str, body: &str) -> serde_json::Value {
    let host = base_url.strip_prefix("http://").expect("plain HTTP");
    let mut stream = TcpStream::connect(host).await.expect("the sandbox listens");
    let length = body.len();
    let request = format!(
        "{method} {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("received");
    let (_, body) = answer.split_once("\r\n\r\n").expect("an HTTP answer");
    serde_json::from_str(body).unwrap_or_else(|error| panic!("{answer}: {error}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sandbox_of_somebody_elses_is_left_as_it_was() {
    let sandbox = Server::start(ServerConfig::default())
        .await
        .expect("a sandbox starts");
    let url = sandbox.base_url();
    control(url, "PUT", "/_sandbox/clock", r#"{"offset_seconds":-5000}"#).await;
    // Twice, so that the second bill has other trades in it; and then every notification comes twice.
    for faults in [
        json!({}),
        json!({ "notifications": { "duplicate": { "rate": 1.0 } } }),
    ] {
        control(url, "PUT", "/_sandbox/faults", &faults.to_string()).await;
        let page = Page::default();
        let result = run(at(sandbox.home(), url), Show::plain(page.clone())).await;
        result.unwrap_or_else(|error| panic!("{}\n{error:#}", page.text()));
        let clock = control(url, "GET", "/_sandbox/clock", "").await;
        assert_eq!(clock["offset_seconds"], -5000);
    }
    sandbox.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_hold_is_named_by_its_step() {
    let sandbox = Server::start(ServerConfig::default())
        .await
        .expect("a sandbox starts");
    for (paths, step) in [
        ("/v3/pay/transactions/native", "step 2 "),
        ("/v3/bill/tradebill", "step 10 "),
    ] {
        let wrong = json!({ "answers": { "wrong_signature": { "rate": 1.0, "only": paths } } });
        control(
            sandbox.base_url(),
            "PUT",
            "/_sandbox/faults",
            &wrong.to_string(),
        )
        .await;
        let error = failure(at(sandbox.home(), sandbox.base_url())).await;
        assert!(error.starts_with(step), "{error}");
    }
    sandbox.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bill_that_is_not_what_was_announced_is_not_believed() {
    let sandbox = Server::start(ServerConfig::default())
        .await
        .expect("a sandbox starts");
    for (fault, problem) in [
        ("bill_sums_wrong", "the summary says"),
        ("bill_byte_changed", "does not have the announced hash"),
        ("bill_cut_off", "the file is damaged"),
    ] {
        let wrong = json!({ "answers": { fault: { "rate": 1.0 } } }).to_string();
        control(sandbox.base_url(), "PUT", "/_sandbox/faults", &wrong).await;
        let error = failure(at(sandbox.home(), sandbox.base_url())).await;
        assert!(error.starts_with("step 10 "), "{fault}: {error}");
        assert!(error.contains(problem), "{fault}: {error}");
    }
    sandbox.shutdown().await;
}

#[tokio::test]
async fn a_wrong_home_is_named() {
    let error = failure(at(Path::new("/nowhere"), "http://127.0.0.1:9")).await;
    assert!(error.contains("/nowhere"), "{error}");
}

#[tokio::test]
async fn a_sandbox_that_is_not_there_is_named() {
    let sandbox = Server::start(ServerConfig::default())
        .await
        .expect("a sandbox starts");
    let home: PathBuf = sandbox.home().to_owned();
    // Port 9 is nobody's.
    let error = failure(at(&home, "http://127.0.0.1:9")).await;
    assert!(error.contains("http://127.0.0.1:9"), "{error}");
    sandbox.shutdown().await;
}
