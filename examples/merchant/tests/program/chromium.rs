//! A headless Chromium, driven over the DevTools protocol
//! (<https://chromedevtools.github.io/devtools-protocol/>).

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// How long anything on a page may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A browser with one page.
pub(crate) struct Chromium {
    child: Child,
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    session: Option<String>,
    last: u64,
    _profile: TempDir,
}

impl Chromium {
    /// Starts one; `None` where there is none.
    pub(crate) async fn start() -> Option<Self> {
        let program = ["chromium", "chromium-browser", "google-chrome"]
            .into_iter()
            .find(|name| {
                let version = Command::new(name).arg("--version").output();
                version.is_ok_and(|output| output.status.success())
            })?;
        let profile = tempfile::tempdir().unwrap();
        let mut child = Command::new(program)
            .args([
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
            ])
            .args([
                "--no-first-run",
                "--remote-debugging-port=0",
                "--lang=zh-CN",
            ])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // It writes down where it listens.
        let file = profile.path().join("DevToolsActivePort");
        let address = until("Chromium listens", async || {
            assert!(child.try_wait().unwrap().is_none(), "Chromium has ended");
            let text = std::fs::read_to_string(&file).ok()?;
            let (port, path) = text.trim().split_once('\n')?;
            Some(format!("ws://127.0.0.1:{port}{path}"))
        });
        let (socket, _) = connect_async(address.await).await.unwrap();
        let mut browser = Self {
            child,
            socket,
            session: None,
            last: 0,
            _profile: profile,
        };
        let page = browser
            .call("Target.createTarget", json!({ "url": "about:blank" }))
            .await;
        let attach = json!({ "targetId": page["targetId"], "flatten": true });
        let attached = browser.call("Target.attachToTarget", attach).await;
        browser.session = attached["sessionId"].as_str().map(str::to_owned);
        Some(browser)
    }

    async fn call(&mut self, method: &str, params: Value) -> Value {
        let answer = self.ask(method, params).await;
        assert_eq!(answer["error"], Value::Null, "{method}");
        answer["result"].clone()
    }

    /// An answer that gets lost between two pages is `null`.
    async fn ask(&mut self, method: &str, params: Value) -> Value {
        let answer = tokio::time::timeout(PATIENCE / 6, self.exchange(method, params));
        answer.await.unwrap_or(Value::Null)
    }

    async fn exchange(&mut self, method: &str, params: Value) -> Value {
        self.last += 1;
        let mut call = json!({ "id": self.last, "method": method, "params": params });
        if let Some(session) = &self.session {
            call["sessionId"] = json!(session);
        }
        self.socket
            .send(Message::text(call.to_string()))
            .await
            .unwrap();
        loop {
            let message = self.socket.next().await.unwrap().unwrap();
            let Message::Text(text) = message else {
                continue;
            };
            let answer: Value = serde_json::from_str(&text).unwrap();
            if answer["id"] == self.last {
                return answer;
            }
        }
    }

    /// As wide and high as a phone or a desk has it, in pixels.
    pub(crate) async fn size(&mut self, width: u32, height: u32) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600 });
        self.call("Emulation.setDeviceMetricsOverride", size).await;
    }

    /// Without scripts from now on, or with them again.
    pub(crate) async fn scripts(&mut self, on: bool) {
        self.call(
            "Emulation.setScriptExecutionDisabled",
            json!({ "value": !on }),
        )
        .await;
    }

    /// Lets nothing through from now on whose address is like that.
    pub(crate) async fn block(&mut self, pattern: &str) {
        self.call("Network.enable", json!({})).await;
        self.call("Network.setBlockedURLs", json!({ "urls": [pattern] }))
            .await;
    }

    pub(crate) async fn open(&mut self, url: &str) {
        let opened = self.call("Page.navigate", json!({ "url": url })).await;
        assert_eq!(opened["errorText"], Value::Null, "{url}");
        self.until("document.readyState === 'complete'").await;
    }

    /// What a script on the page comes to; `null` where it fails, as it does between two pages.
    pub(crate) async fn run(&mut self, script: &str) -> Value {
        let run = json!({ "expression": script, "returnByValue": true, "awaitPromise": true });
        let answer = self.ask("Runtime.evaluate", run).await;
        answer["result"]["result"]["value"].clone()
    }

    /// Until it is true.
    pub(crate) async fn until(&mut self, condition: &str) {
        let end = Instant::now() + PATIENCE;
        while self.run(condition).await != true {
            if Instant::now() > end {
                let text = self.run("document.body.innerText").await;
                panic!("not within {PATIENCE:?}: {condition}\non the page: {text}");
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Until the page says it.
    pub(crate) async fn until_text(&mut self, text: &str) {
        let text = serde_json::to_string(text).unwrap();
        self.until(&format!("document.body.innerText.includes({text})"))
            .await;
    }

    /// Presses what a CSS selector finds first.
    pub(crate) async fn press(&mut self, selector: &str) {
        let selector = serde_json::to_string(selector).unwrap();
        self.until(&format!("document.querySelector({selector}) !== null"))
            .await;
        self.run(&format!("document.querySelector({selector}).click()"))
            .await;
    }

    /// Types into what a CSS selector finds first.
    pub(crate) async fn fill(&mut self, selector: &str, text: &str) {
        let selector = serde_json::to_string(selector).unwrap();
        let field = format!("document.querySelector({selector})");
        self.run(&format!("{field}.focus(); {field}.select()"))
            .await;
        self.call("Input.insertText", json!({ "text": text })).await;
    }

    /// A picture of the whole page, where `MERCHANT_SHOTS` names a folder for them.
    pub(crate) async fn shot(&mut self, name: &str) {
        let Some(folder) = std::env::var_os("MERCHANT_SHOTS") else {
            return;
        };
        let shot = json!({ "format": "png", "captureBeyondViewport": true });
        // Between two pages there is nothing to take a picture of.
        let png = until("a picture", async || {
            let shot = self.ask("Page.captureScreenshot", shot.clone()).await;
            let data = shot["result"]["data"].as_str()?;
            Some(BASE64_STANDARD.decode(data).unwrap())
        });
        let png = png.await;
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(Path::new(&folder).join(format!("{name}.png")), png).unwrap();
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Until it is there.
pub(crate) async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < end, "not within {PATIENCE:?}: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
