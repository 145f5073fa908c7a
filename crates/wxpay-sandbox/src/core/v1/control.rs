//! The controls of v1 under `/_sandbox/v1/`.

use http::Method;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use wxpay_sign::Timestamp;

use super::phone::{App, Page};
use crate::core::Core;
use crate::core::book::v1::{Complaint, Settings};

/// What a control of v1 does not do.
#[derive(Debug)]
pub(crate) enum Refused {
    /// The call makes no sense as it is, or WeChat would not take what it holds.
    Bad(String),
    NotFound,
    Method(&'static str),
}

impl Core {
    /// Answers a control: what follows `/_sandbox/v1/`.
    pub(crate) fn control_v1(
        &mut self,
        segments: &[&str],
        method: &Method,
        body: &[u8],
        now: Timestamp,
    ) -> Result<Value, Refused> {
        match (segments, method) {
            (["jsapi"], &Method::POST) => {
                let page: Page = read(body)?;
                self.page_calls(&page, now).map_err(Refused::Bad)
            }
            (["app"], &Method::POST) => {
                let app: App = read(body)?;
                self.app_calls(&app, now).map_err(Refused::Bad)
            }
            (["rights"], &Method::GET) => Ok(self.book.v1_complaints()),
            (["rights"], &Method::POST) => {
                let complaint: Complaint = read(body)?;
                self.book
                    .v1_complain(&complaint, now, &mut self.ids)
                    .map_err(Refused::Bad)
            }
            (["settings"], &Method::GET) => Ok(self.book.v1().settings().view()),
            (["settings"], &Method::PUT) => {
                let settings: Settings = read(body)?;
                if let Some(problem) = settings.problem() {
                    return Err(Refused::Bad(problem.to_owned()));
                }
                self.book.v1_set(settings);
                Ok(self.book.v1().settings().view())
            }
            (["token"], &Method::DELETE) => {
                self.book.v1_revoke_token();
                Ok(json!({}))
            }
            (["jsapi" | "app"], _) => Err(Refused::Method("POST")),
            (["rights"], _) => Err(Refused::Method("GET, POST")),
            (["settings"], _) => Err(Refused::Method("GET, PUT")),
            (["token"], _) => Err(Refused::Method("DELETE")),
            _ => Err(Refused::NotFound),
        }
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refused> {
    let text = if body.trim_ascii().is_empty() {
        b"{}"
    } else {
        body
    };
    serde_json::from_slice(text).map_err(|error| Refused::Bad(format!("the body: {error}")))
}
