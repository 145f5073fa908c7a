//! The self test of keys (签名验签与加解密测试).

use serde_json::{Map, Value};

use super::notice::{Event, Form};
use super::transaction::put;
use super::{Book, required};
use crate::core::call::{Call, Failure, Reply};

/// So many notifications of self tests may wait.
const MOST_WAITING: usize = 1_000;

impl Book {
    /// Sends back what came. The gate has decrypted the encrypted text and encrypts it again.
    pub(super) fn echo(&mut self, call: &Call<'_>) -> Result<Reply, Failure> {
        let mut reply = Map::new();
        put(
            &mut reply,
            "echo_message",
            Some(required(call, "/echo_message")?),
        );
        put(
            &mut reply,
            "encrypted_echo_message",
            call.text("/encrypted_echo_message"),
        );
        if let Some(url) = call.text("/notify_url").filter(|url| !url.is_empty()) {
            if self.store.notices_about_nothing() >= MOST_WAITING {
                return Err(Failure::frequency_limited());
            }
            let mut plaintext = Map::new();
            put(&mut plaintext, "echo_message", call.text("/echo_message"));
            self.announce(Event {
                about: None,
                event_type: "SECURITY_ECHO.SUCCESS",
                original_type: "security",
                summary: "回显成功",
                plaintext: Value::Object(plaintext),
                form: Form::V3,
                url: url.to_owned(),
                at: call.now.as_unix(),
            });
        }
        Ok(Reply::ok(Value::Object(reply)))
    }
}
